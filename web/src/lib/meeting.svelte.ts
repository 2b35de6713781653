// A pairing under way: what the twin says of it, asked again and again until it has ended.

import { ask } from "./api/door";
import type { PairingShown } from "./api/types";
import { here } from "./state.svelte";

const ENDS = ["done", "failed"];
type Purpose = "contact" | "device" | "viewer";
/** A twin that knows of one purpose only says none. */
const purposeOf = (one: PairingShown): Purpose => (one as { purpose?: Purpose }).purpose ?? "contact";

export class Meeting {
  now = $state.raw<PairingShown | null>(null);
  /** What the other calls themself, from when it was shown. */
  theirs = $state("");
  busy = $state(false);
  #purposes: Purpose[];
  #following = -1;
  #gone = false;

  constructor(...purposes: Purpose[]) {
    this.#purposes = purposes;
  }
  get purpose(): Purpose {
    return this.now ? purposeOf(this.now) : this.#purposes[0];
  }
  /** A pairing goes on while other screens are looked at, or the page is read anew. */
  resume(): void {
    ask<PairingShown[]>("pair.list@1", {}).then((all) => {
      const going = all.filter((one) => !ENDS.includes(one.state) && this.#purposes.includes(purposeOf(one))).at(-1);
      if (going && this.now === null) this.#take(going);
    }, () => {});
  }
  /** Begins or answers: the request's answer is how it stands. */
  async put(request: string, params: object = {}): Promise<void> {
    this.busy = true;
    try {
      const [shown] = await ask<PairingShown[]>(request, params);
      if (shown) this.#take(shown);
    } catch (error) {
      here.tell(error);
    }
    this.busy = false;
  }
  say(same: boolean): Promise<void> {
    return this.put("pair.confirm@1", { pairing: this.now?.pairing, same });
  }
  again(): void {
    this.now = null;
    this.theirs = "";
    this.resume();
  }
  stop(): void {
    this.#gone = true;
  }
  #take(shown: PairingShown): void {
    // An answer that was under way while the other side was quicker is old.
    if (this.now?.pairing === shown.pairing && ENDS.includes(this.now.state)) return;
    this.now = shown;
    if (shown.name) this.theirs = shown.name;
    if (!ENDS.includes(shown.state)) void this.#follow(shown.pairing);
  }
  /** Each answer waits for news on the twin's side. */
  async #follow(pairing: number): Promise<void> {
    if (this.#following === pairing) return;
    this.#following = pairing;
    while (!this.#gone && this.now?.pairing === pairing && !ENDS.includes(this.now.state)) {
      try {
        const [shown] = await ask<PairingShown[]>("pair.list@1", { pairing, unless: this.now.state });
        if (this.#gone || this.now?.pairing !== pairing) break;
        if (shown) this.#take(shown);
        else this.now = null;
      } catch (error) {
        here.tell(error);
        break;
      }
    }
    if (this.#following === pairing) this.#following = -1;
  }
}
