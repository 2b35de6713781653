// Files of messages, in the parts that the door takes and gives.

import { ask } from "./api/door";
import type { FilePart, FileStaged } from "./api/types";

/** A body may be 64 KiB, and base64 takes four characters for three bytes. */
const STAGED_BYTES = 42 * 1024;
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const PICTURE_BYTES_MAX = 4 * 1024 * 1024;

function toText(bytes: Uint8Array): string {
  let text = "";
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** Brings a file to the twin; says how far it is, and returns what to send it by. */
export async function stage(file: File, told: (sent: number) => void, over: AbortSignal): Promise<string> {
  let staged: string | null = null;
  for (let at = 0; ; at += STAGED_BYTES) {
    const part = new Uint8Array(await file.slice(at, at + STAGED_BYTES).arrayBuffer());
    const last = at + STAGED_BYTES >= file.size;
    const answer: FileStaged = await ask<FileStaged>("file.stage@1", { name: file.name, bytes: toText(part), last, ...(staged && { staged }), ...(file.type && { media: file.type }) }, over);
    staged = answer.staged;
    told(Math.min(file.size, at + STAGED_BYTES));
    if (last) return answer.staged;
  }
}

/** The whole file of a message. */
export async function fetchFile(circle: string, message: string, told: (read: number, of: number) => void, over?: AbortSignal): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let [at, media] = [0, ""];
  for (;;) {
    const answer: FilePart = await ask<FilePart>("file.read@1", { circle, message, offset: at }, over);
    const part = toBytes(answer.bytes);
    media = answer.file.media;
    if (part.length === 0) break;
    parts.push(part);
    at += part.length;
    told(at, answer.file.bytes);
    if (at >= answer.file.bytes) break;
  }
  // Whatever the sender says it is, only pictures are handed to the browser as what they claim to be.
  return new Blob(parts, { type: PICTURES.includes(media) ? media : "application/octet-stream" });
}
export const isPicture = ({ media, bytes, state }: { media: string; bytes: number; state: string }): boolean => state === "here" && bytes <= PICTURE_BYTES_MAX && PICTURES.includes(media);
