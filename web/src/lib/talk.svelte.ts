// Circles and their messages, as the app holds them: the list, what is unread, and what was begun to be written.

import { ask } from "./api/door";
import type { CircleShown, MessageShown } from "./api/types";
import { t } from "./i18n/index.svelte";
import { short } from "./words";

class Talk {
  circles = $state.raw<CircleShown[] | null>(null);
  /** What was begun to be written to whom. It stays while the page does, and nowhere else. */
  drafts = new Map<string, string>();

  get unread(): number {
    return (this.circles ?? []).reduce((sum, one) => sum + one.unread, 0);
  }
  async read(): Promise<void> {
    this.circles = await ask<CircleShown[]>("circle.list@1");
  }
  /** One circle as it is now, put to where the newest message takes it. */
  put(one: CircleShown): void {
    const others = (this.circles ?? []).filter((other) => other.circle !== one.circle);
    this.circles = [one, ...others].sort((a, b) => when(b) - when(a));
  }
}
const when = ({ last }: CircleShown): number => (last ? Date.parse(last.received) : 0);

export const talk = new Talk();

export const writer = (message: MessageShown): string => (message.mine ? t("talk.you") : (message.name ?? short(message.from, 14, 4)));
/** What happened, in words. */
export function happened(message: MessageShown, nameOf: (did: string) => string): string {
  const { event } = message;
  if (!event) return "";
  if (event.event === "named") return t("talk.named", { name: event.name, who: writer(message) });
  return t(event.event === "joined" ? "talk.joined" : "talk.left", { name: nameOf(event.did) });
}
/** A message in one line. */
export const gistOf = (message: MessageShown, nameOf: (did: string) => string): string =>
  message.event ? happened(message, nameOf) : message.text || (message.file ? `${t("talk.file")}: ${message.file.name}` : "");
