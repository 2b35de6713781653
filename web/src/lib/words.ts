// How numbers, units, times and labels are written. Times are wall-clock milliseconds, read as UTC.

import { language } from "./i18n/index.svelte";
import { labelName } from "./i18n/twin.svelte";
import { wallOf } from "./wall";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const UNITS: Record<string, string> = {
  "1": "", "{count}": "", "/min": "/min", "/s": "/s", Cel: "°C", "[degF]": "°F", "mm[Hg]": "mmHg", "kg/m2": "kg/m²",
  "mL/(kg.min)": "mL/kg/min", uV: "µV", uS: "µS", "[iU]": "IU", "{score}": "", "{fraction}": "", "dB[SPL]": "dB", deg: "°", "kcal/(kg.h)": "MET",
};
export const unit = (ucum: string): string => UNITS[ucum] ?? ucum;

const formats = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();
function made<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: (tag: string) => T): T {
  const tag = language() === "en" ? "en-GB" : language();
  const name = `${tag} ${key}`;
  const known = formats.get(name) as T | undefined;
  if (known) return known;
  const fresh = make(tag);
  formats.set(name, fresh);
  return fresh;
}

/** As many digits as carry meaning beside the others on screen. */
export function number(value: number, step = 0): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = step > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  const least = step > 0 ? digits : 0;
  return made(`n${digits}.${least}`, (tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: digits, minimumFractionDigits: least })).format(value).replace("-", "−");
}
/** A number beside an axis, where there is little room: thousands and millions are said so from ten thousand on. */
export function tick(value: number, step: number): string {
  if (Math.abs(value) < 10_000) return number(value, step);
  return made("compact", (tag) => new Intl.NumberFormat(tag, { notation: "compact", maximumFractionDigits: 2 })).format(value).replace("-", "−");
}
export const whole = (value: number): string => number(Math.round(value), 1);
export const withUnit = (text: string, ucum: string): string => (unit(ucum) ? `${text}${unit(ucum).startsWith("°") && unit(ucum).length === 1 ? "" : " "}${unit(ucum)}` : text);
/** Minutes as hours and minutes where that is easier to read. */
export function duration(minutes: number): string {
  const rounded = Math.round(minutes);
  return rounded < 60 ? `${rounded} min` : `${Math.floor(rounded / 60)} h ${String(rounded % 60).padStart(2, "0")}`;
}

type DateParts = { weekday?: boolean; year?: boolean; day?: boolean };
export function date(wall: number, { weekday = false, year = true, day = true }: DateParts = {}): string {
  const options: Intl.DateTimeFormatOptions = { timeZone: "UTC", month: "short", ...(day && { day: "numeric" }), ...(year && { year: "numeric" }), ...(weekday && { weekday: "short" }) };
  return made(`d${weekday}${year}${day}`, (tag) => new Intl.DateTimeFormat(tag, options)).format(wall);
}
export const month = (wall: number): string => made("month", (tag) => new Intl.DateTimeFormat(tag, { timeZone: "UTC", month: "short" })).format(wall);
export const weekday = (wall: number): string => made("weekday", (tag) => new Intl.DateTimeFormat(tag, { timeZone: "UTC", weekday: "short" })).format(wall);
export const longDate = (wall: number): string => made("long", (tag) => new Intl.DateTimeFormat(tag, { timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric" })).format(wall);

const two = (n: number): string => String(n).padStart(2, "0");
export type Precision = "minute" | "second" | "ms";
export function clock(wall: number, precision: Precision = "minute"): string {
  const at = new Date(wall);
  let text = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  if (precision !== "minute") text += `:${two(at.getUTCSeconds())}`;
  if (precision === "ms") text += `.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
  return text;
}
export function moment(wall: number): string {
  const precision = wall % 1000 !== 0 ? "ms" : wall % MINUTE !== 0 ? "second" : "minute";
  return `${date(wall, { weekday: true })}, ${clock(wall, precision)}`;
}
export function range(from: number, to: number): string {
  const last = to - 1;
  if (date(from) === date(last)) {
    const precision = to - from < 5 * MINUTE ? (to - from < 5000 ? "ms" : "second") : "minute";
    return `${date(from, { weekday: true })}, ${clock(from, precision)} – ${clock(to, precision)}`;
  }
  const year = new Date(from).getUTCFullYear() !== new Date(last).getUTCFullYear();
  if (to - from < 4 * DAY) return `${date(from, { year })}, ${clock(from)} – ${date(last)}, ${clock(to)}`;
  return `${date(from, { year })} – ${date(last)}`;
}
/** A moment with its offset, readable. */
export function readable(rfc3339: string): string {
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(rfc3339)?.[1];
  const precise = moment(Math.floor(wallOf(rfc3339) / 1000) * 1000);
  return `${precise}${zone ? ` ${zone === "Z" ? "UTC" : zone.replace("-", "−")}` : ""}`;
}
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${number(count / 1000 ** power, power === 0 ? 1 : 0.1)} ${units[power]}`;
}
export const short = (text: string, head = 14, tail = 6): string => (text.length > head + tail + 1 ? `${text.slice(0, head)}…${text.slice(-tail)}` : text);

// Categories that have a natural order, from top to bottom; others follow by name.
const ORDER = ["awake", "rem", "asleep", "light", "core", "deep", "in_bed"];
export function byOrder(labels: Iterable<string>): string[] {
  const place = (label: string) => (ORDER.includes(label) ? ORDER.indexOf(label) : ORDER.length);
  return [...labels].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}
export function title(label: string): string {
  const name = labelName(label);
  return (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll("_", " ");
}

/** What an event or a text says, in one short line. */
export function gist(label: string): string {
  if (!label.startsWith("{")) return label;
  try {
    return eventText(JSON.parse(label) as Record<string, unknown>);
  } catch {
    return label;
  }
}
function eventText(event: Record<string, unknown>): string {
  // Of a calendar's event nobody wants to read its id and its rule.
  if ("uid" in event) return [event.title, event.place].filter(Boolean).join(", ") || "–";
  const name = event.activity ?? event.name ?? event.type ?? event.title;
  const rest = Object.entries(event).filter(([, value]) => value !== name && typeof value !== "object").map(([key, value]) => `${key.replaceAll("_", " ")} ${String(value)}`);
  return [name === undefined ? null : title(String(name)), ...rest.slice(0, 3)].filter(Boolean).join(", ") || "–";
}
/** A file by its own name, with an archive's member after it; where it lay is told elsewhere. */
export const fileName = (path: string): string => path.split("!").map((part) => part.split("/").at(-1) ?? part).join(" › ");
