// What the screens say of people.

import type { ContactShown } from "./api/types";
import { t } from "./i18n/index.svelte";
import { DAY, HOUR, MINUTE, clock, date, weekday } from "./words";
import { wallOf } from "./wall";

/** How long ago, roughly, as people say it. */
export function ago(rfc3339: string, now = Date.now()): string {
  const past = now - Date.parse(rfc3339);
  if (past < 2 * MINUTE) return t("ago.now");
  if (past < HOUR) return t("ago.minutes", { n: Math.floor(past / MINUTE) });
  if (past < DAY) return t("ago.hours", { n: Math.floor(past / HOUR) });
  if (past < 14 * DAY) return t("ago.days", { n: Math.floor(past / DAY) });
  return t("ago.date", { when: date(wallOf(rfc3339)) });
}
/** The hour of today, else the weekday, else the date: where there is little room. */
export function stamp(rfc3339: string, now = Date.now()): string {
  const wall = localWall(rfc3339);
  const today = localWall(new Date(now).toISOString());
  if (Math.floor(wall / DAY) === Math.floor(today / DAY)) return clock(wall);
  return wall <= today && today - wall < 6 * DAY ? weekday(wall) : date(wall, { year: false });
}
/** What this machine's clock on the wall showed then. */
export function localWall(rfc3339: string): number {
  const at = new Date(rfc3339);
  return at.getTime() - at.getTimezoneOffset() * MINUTE;
}
/** When any of their devices was last met. */
export function lastSeen({ places, paired }: ContactShown): string {
  const last = [paired, ...places.map((place) => place.seen)].sort((a, b) => Date.parse(a) - Date.parse(b)).at(-1) as string;
  return t("people.seen", { when: ago(last) });
}
