// Files on their way into the twin. They go one after the other, and go on while the owner looks at other screens.

import { Problem, forget, understood } from "./api/door";
import { here, words } from "./state.svelte";

export interface Sending {
  key: number;
  name: string;
  size: number;
  sent: number;
  failed: string;
}

class Tray {
  sending = $state<Sending[]>([]);
  /** Counts up when something has arrived, so that lists are read again. */
  arrived = $state(0);
  #files: [Sending, File][] = [];
  #going: XMLHttpRequest | null = null;
  #last = 0;

  add(files: Iterable<[string, File]>): void {
    const batch = crypto.randomUUID();
    for (const [name, file] of files) {
      const entry: Sending = { key: (this.#last += 1), name, size: file.size, sent: 0, failed: "" };
      this.sending.push(entry);
      this.#files.push([this.sending.at(-1) as Sending, file]);
    }
    void this.#next(batch);
  }
  stop(key: number): void {
    if (this.#files[0]?.[0].key === key) this.#going?.abort();
    this.#files = this.#files.filter(([entry]) => entry.key !== key);
    this.sending = this.sending.filter((entry) => entry.key !== key);
  }
  async #next(batch: string): Promise<void> {
    const [entry, file] = this.#files[0] ?? [];
    if (!entry || !file || this.#going) return;
    try {
      await this.#send(entry, file, batch);
      this.sending = this.sending.filter((one) => one.key !== entry.key);
      forget();
      this.arrived += 1;
    } catch (error) {
      entry.failed = words(error);
      here.tell(error);
    }
    this.#going = null;
    this.#files = this.#files.filter(([one]) => one.key !== entry.key);
    void this.#next(batch);
  }
  // `fetch` does not tell how much has been sent.
  #send(entry: Sending, file: File, batch: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#going = request;
      request.open("POST", `/api/upload?${new URLSearchParams({ name: entry.name, batch })}`);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.upload.onprogress = (event) => (entry.sent = event.loaded);
      request.onload = () => {
        const empty = request.status === 204 ? null : request.responseText;
        understood(new Response(empty, { status: request.status })).then(() => resolve(), reject);
      };
      request.onerror = () => reject(new Problem(0, "gone", ""));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.send(file);
    });
  }
}

export const tray = new Tray();

/** Every file of a drop, folders walked through, with its path below what was dropped. */
export async function dropped(items: DataTransferItemList): Promise<[string, File][]> {
  // What is dropped must be taken out of the list at once: after the first pause it is empty.
  const taken = [...items].filter((item) => item.kind === "file").map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found: [string, File][] = [];
  const walk = async (entry: FileSystemEntry): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push([entry.fullPath.replace(/^\//, ""), file]);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // A reader gives a hundred entries at a time, until it gives none.
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one);
    }
  };
  for (const { entry, file } of taken) {
    if (entry) await walk(entry);
    // A file that lies in no folder, such as one dragged out of another page.
    else if (file) found.push([file.name, file]);
  }
  return found;
}
