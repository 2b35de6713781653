// How numbers, units, times and streams are written and coloured. Times are wall-clock milliseconds, read as UTC.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const UNITS = {
  "1": "", "{count}": "", "/min": "per min", "/s": "per s", "Cel": "°C", "[degF]": "°F", "mm[Hg]": "mmHg", "kg/m2": "kg/m²",
  "mL/(kg.min)": "mL/kg/min", "uV": "µV", "uS": "µS", "[iU]": "IU", "{score}": "", "{fraction}": "", "dB[SPL]": "dB", "deg": "°",
  "kcal/(kg.h)": "MET",
};
export const unit = (ucum) => UNITS[ucum] ?? ucum;

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
export const whole = (n) => grouped.format(n).replaceAll(",", "\u202f");

// As many digits as carry meaning next to the others on screen.
export function number(value, step = 0) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const digits = step > 0 ? Math.min(8, Math.max(0, Math.ceil(-Math.log10(step) - 1e-9))) : size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3;
  const text = new Intl.NumberFormat("en", { maximumFractionDigits: digits, minimumFractionDigits: step > 0 ? digits : 0 }).format(value);
  return text.replaceAll(",", "\u202f").replace("-", "−");
}
export const withUnit = (text, ucum) => (unit(ucum) ? `${text}${unit(ucum) === "°" ? "" : "\u00a0"}${unit(ucum)}` : text);

const two = (n) => String(n).padStart(2, "0");
export function date(wall, { weekday = false, year = true } = {}) {
  const at = new Date(wall);
  const text = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${year ? ` ${at.getUTCFullYear()}` : ""}`;
  return weekday ? `${WEEKDAYS[at.getUTCDay()]} ${text}` : text;
}
export function clock(wall, precision = "minute") {
  const at = new Date(wall);
  let text = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  if (precision !== "minute") text += `:${two(at.getUTCSeconds())}`;
  if (precision === "ms") text += `.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
  return text;
}
export function moment(wall) {
  const precision = wall % 1000 !== 0 ? "ms" : wall % MINUTE !== 0 ? "second" : "minute";
  return `${date(wall, { weekday: true })}, ${clock(wall, precision)}`;
}
export function range(from, to) {
  const last = to - 1;
  const [a, b] = [new Date(from), new Date(last)];
  if (date(from) === date(last)) {
    const precision = to - from < 5 * MINUTE ? (to - from < 5000 ? "ms" : "second") : "minute";
    return `${date(from, { weekday: true })}, ${clock(from, precision)} – ${clock(to, precision)}`;
  }
  const year = a.getUTCFullYear() !== b.getUTCFullYear();
  if (to - from < 4 * DAY) return `${date(from, { year })}, ${clock(from)} – ${date(last)}, ${clock(to)}`;
  return `${date(from, { year })} – ${date(last)}`;
}
export function span(from, to) {
  const days = Math.round((to - from) / DAY);
  if (days >= 730) return `${number((to - from) / (365.25 * DAY), 0.1)} years`;
  if (days >= 2) return `${days} days`;
  const minutes = Math.round((to - from) / MINUTE);
  return minutes >= 120 ? `${Math.round(minutes / 60)} hours` : `${minutes} min`;
}
export function width(ms) {
  for (const [size, one, many] of [[7 * DAY, "week", "weeks"], [DAY, "day", "days"], [HOUR, "hour", "hours"], [MINUTE, "minute", "minutes"], [1000, "second", "seconds"]]) {
    if (ms >= size && ms % size === 0) return ms === size ? `per ${one}` : `per ${ms / size} ${many}`;
  }
  return `per ${ms} ms`;
}
// As the API takes a wall-clock time.
export const wallText = (wall) => new Date(wall).toISOString().slice(0, -1);
// The wall clock that an RFC 3339 text shows, whatever its offset.
export const wallOf = (text) => Date.parse(`${text.replace(/(Z|[+-]\d\d:\d\d)$/, "")}Z`);

const LANES = ["blue", "vermillion", "green", "purple", "amber", "sky"];
const KNOWN_LANES = [
  [/^heart|pressure|oxygen/, "vermillion"], [/step|distance|energy|flights|exercise|activity|cadence/, "green"],
  [/sleep|mind|mood/, "blue"], [/glucose|diet|insulin/, "purple"], [/mass|body|weight|height|waist/, "amber"],
  [/location|place|speed|elevation/, "sky"], [/^note|^profile|^diagnosis/, "slate"],
];
export function lane(id) {
  const known = KNOWN_LANES.find(([pattern]) => pattern.test(id));
  if (known) return known[1];
  let sum = 0;
  for (const c of id) sum = (sum * 31 + c.codePointAt(0)) % 9973;
  return LANES[sum % LANES.length];
}
// Categories that have a natural order, from top to bottom; others follow by name.
const ORDER = ["awake", "rem", "asleep", "light", "core", "deep", "in_bed"];
const TINTS = { awake: "amber", rem: "purple", light: "sky", core: "sky", asleep: "sky", deep: "blue", in_bed: "slate" };
export const byOrder = (labels) => {
  const place = (label) => (ORDER.includes(label) ? ORDER.indexOf(label) : ORDER.length);
  return [...labels].sort((a, b) => place(a) - place(b) || a.localeCompare(b));
};
export const tint = (label, at) => TINTS[label] ?? LANES[at % LANES.length];
export const title = (label) => (label.charAt(0).toUpperCase() + label.slice(1)).replaceAll("_", " ");

// What an event or a text says, in one short line.
export function gist(label) {
  if (!label.startsWith("{")) return label;
  try {
    const event = JSON.parse(label);
    return eventText(event);
  } catch {
    return label;
  }
}
export function eventText(event) {
  const name = event.activity ?? event.name ?? event.type ?? event.title;
  const rest = Object.entries(event).filter(([, v]) => v !== name && typeof v !== "object").map(([k, v]) => `${k.replaceAll("_", " ")} ${v}`);
  return [name === undefined ? null : title(String(name)), ...rest.slice(0, 3)].filter(Boolean).join(", ") || "Event";
}
