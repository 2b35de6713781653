// A contract in plain words: who sees what, how fine, how often, until when, what for.

import type { ContractShown, Rate } from "./api/types";
import { language, t } from "./i18n/index.svelte";
import { nameIn } from "./i18n/twin.svelte";
import { here } from "./state.svelte";
import { DAY, HOUR, MINUTE, date } from "./words";
import { wallOf } from "./wall";

export interface Terms {
  streams: string[];
  every?: string | null;
  from?: string | null;
  to?: string | null;
  rate?: Rate | null;
  expires?: string | null;
  purpose: string;
}

export const streamTitle = (id: string): string => {
  const name = nameIn(here.streams, id, id.replaceAll("_", " "));
  return name.charAt(0).toUpperCase() + name.slice(1);
};
/** A name within an English sentence begins small, unless it is an abbreviation. */
const within = (name: string): string => (language() === "en" && /^[A-Z][a-z]/.test(name) ? name.charAt(0).toLowerCase() + name.slice(1) : name);
/** What is seen, as part of a sentence. */
export const whatOf = ({ streams }: Pick<Terms, "streams">): string => list(streams.map((id) => within(streamTitle(id))));
export const list = (items: string[]): string => {
  const some = items.length > 4 ? [...items.slice(0, 3), t("consents.more", { n: items.length - 3 })] : items;
  return some.length < 2 ? (some[0] ?? "") : t("consents.and", { all: some.slice(0, -1).join(", "), last: some.at(-1) as string });
};

const UNITS: [string, number, "minute" | "hour" | "day" | "week"][] = [["w", 7 * DAY, "week"], ["d", DAY, "day"], ["h", HOUR, "hour"], ["m", MINUTE, "minute"]];
/** `6h` as “6 hours”. */
export function width(every: string): string {
  const [, unit] = /^\d+(.)$/.exec(every) ?? [];
  const found = UNITS.find(([letter]) => letter === unit);
  return found ? t(`width.${found[2]}`, { n: Number.parseInt(every, 10) }) : every;
}
export function widthOf(ms: number): string {
  const found = UNITS.find(([, size]) => ms >= size && ms % size === 0);
  return found ? t(`width.${found[2]}`, { n: ms / found[1] }) : String(ms);
}
/** How fine it is. */
export const fine = ({ every }: Pick<Terms, "every">): string => (every ? t("terms.every", { every: width(every) }) : t("terms.single"));
export const brief = ({ every }: Pick<Terms, "every">): string => (every ? t("terms.brief", { every: width(every) }) : t("terms.brief.single"));
export function period({ from, to }: Pick<Terms, "from" | "to">): string {
  const day = (text: string, back = 0) => date(wallOf(text.length === 10 ? `${text}T00:00:00` : text) - back);
  if (from && to) return t("terms.between", { from: day(from), to: day(to, 1) });
  if (from) return t("terms.from", { from: day(from) });
  return to ? t("terms.to", { to: day(to, 1) }) : t("terms.all");
}
export const often = ({ rate }: Pick<Terms, "rate">): string => (rate ? t("terms.rate", { n: rate.uses, per: widthOf(rate.per_ms) }) : t("terms.often"));
export const until = ({ expires }: Pick<Terms, "expires">): string => (expires ? t("terms.until", { when: date(wallOf(expires)) }) : "");

/** Who sees what, as a sentence. */
export function sentence(name: string, granted: boolean, terms: Terms): string {
  return t(granted ? "consents.sees" : "consents.see", { name, what: whatOf(terms) });
}
/** The other of a contract. */
export const nameOf = ({ name }: ContractShown): string => name ?? t("people.forgotten");
