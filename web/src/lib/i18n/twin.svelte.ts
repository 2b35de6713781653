// What the twin says itself, in the owner's language. The twin speaks English; another language has a table of it.

import type { StreamInfo } from "../api/types";
import { spoken } from "./index.svelte";

export interface TwinMessages {
  /** Names of streams, by id. */
  streams: Record<string, string>;
  /** Labels of categories. */
  labels: Record<string, string>;
  /** Sentences, with `{}` for what changes. */
  says: Record<string, string>;
  /** What to say where no sentence fits, by the code of the problem. */
  codes: Record<string, string>;
}

/** A stream by its name; one that the table does not have keeps the name that the twin gives. */
export const streamName = ({ stream, id, label }: { stream?: string; id?: string; label: string }): string => spoken()?.streams[stream ?? id ?? ""] ?? label;
/** A stream that is known by its id only, among those there are. */
export const nameIn = (streams: StreamInfo[], id: string, otherwise = id): string => streamName({ id, label: streams.find((one) => one.id === id)?.label ?? otherwise });
export const labelName = (label: string): string => spoken()?.labels[label] ?? label;

/** Ids of streams by the names that the twin uses in sentences. */
let called = new Map<string, string>();
export function learnNames(streams: StreamInfo[]): void {
  called = new Map(streams.map((one) => [one.label, one.id]));
}
/** Names of streams in a sentence, one or several with commas between. */
function named(text: string, table: TwinMessages): string | undefined {
  const names = text.split(", ").map((name) => table.streams[called.get(name) ?? ""]);
  return names.every((name) => name !== undefined) ? names.join(", ") : undefined;
}

const patterns = new WeakMap<TwinMessages, [RegExp, string][]>();
function made(table: TwinMessages): [RegExp, string][] {
  const known = patterns.get(table);
  if (known) return known;
  const plain = (text: string) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
  const fresh = Object.entries(table.says).map(([text, said]): [RegExp, string] => [new RegExp(`^${text.split("{}").map(plain).join("(.+?)")}$`, "s"), said]);
  patterns.set(table, fresh);
  return fresh;
}
function found(text: string, table: TwinMessages): string | undefined {
  for (const [pattern, said] of made(table)) {
    const match = pattern.exec(text);
    if (!match) continue;
    let at = 0;
    // What changes may be a sentence of the twin's too.
    return said.replaceAll("{}", () => {
      const part = match[(at += 1)] ?? "";
      return found(part, table) ?? named(part, table) ?? part;
    });
  }
  return undefined;
}
/** A sentence of the twin's; where the table has none, what kind of trouble it is, and the sentence as it came. */
export function says(text: string, code?: string): string {
  const table = spoken();
  if (!table) return text;
  const kind = code === undefined ? undefined : (table.codes[code] ?? table.codes.unknown);
  return found(text, table) ?? (kind ? `${kind} (${text})` : text);
}
