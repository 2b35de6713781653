// Where ticks go and what they say.

import { DAY, HOUR, MINUTE, MONTHS, clock, date } from "./words.js";

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY,
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240];
const MONTH = 30.44 * DAY;
const MONDAY = 4 * DAY; // 5 January 1970

const monthStart = (index) => Date.UTC(Math.floor(index / 12), ((index % 12) + 12) % 12, 1);

// Two rows: short labels at every tick, and above them what they leave out (the day, the month, the year) where it changes.
export function timeTicks(from, to, room) {
  const wanted = ((to - from) / room) * 84;
  const step = STEPS.find((step) => step >= wanted);
  const ticks = [];
  let context;
  if (step !== undefined && step <= 14 * DAY) {
    const origin = step >= 7 * DAY ? MONDAY : 0;
    for (let at = Math.ceil((from - origin) / step) * step + origin; at <= to && ticks.length < 200; at += step) ticks.push(at);
    context = step < DAY ? "day" : "month";
  } else {
    const months = MONTH_STEPS.find((n) => n * MONTH >= wanted) ?? 600;
    const first = new Date(from);
    let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    for (; monthStart(index) <= to && ticks.length < 200; index += months) if (monthStart(index) >= from) ticks.push(monthStart(index));
    context = months < 12 ? "year" : "none";
  }
  const label = (at) => {
    if (context === "day") return clock(at, step < 1000 ? "ms" : step < MINUTE ? "second" : "minute");
    if (context === "month") return date(at, { year: false }).split(" ")[0];
    return context === "year" ? MONTHS[new Date(at).getUTCMonth()] : String(new Date(at).getUTCFullYear());
  };
  return { ticks: ticks.map((at) => ({ at, label: label(at) })), contexts: contexts(from, to, context) };
}

function contexts(from, to, context) {
  if (context === "none") return [];
  const starts = [];
  const at = new Date(from);
  const next = (i) => {
    if (context === "day") return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + i);
    if (context === "month") return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + i, 1);
    return Date.UTC(at.getUTCFullYear() + i, 0, 1);
  };
  const label = (wall) => {
    if (context === "day") return date(wall, { weekday: true });
    const start = new Date(wall);
    return context === "month" ? `${MONTHS[start.getUTCMonth()]} ${start.getUTCFullYear()}` : String(start.getUTCFullYear());
  };
  for (let i = 0; i < 100 && next(i) < to; i += 1) starts.push({ at: next(i), label: label(next(i)) });
  return starts;
}

// A range that ends on round numbers, and about `count` ticks in it.
export function valueScale(low, high, count, fromZero) {
  if (!(low <= high)) return { low: 0, high: 1, step: 0.5, ticks: [0, 0.5, 1] };
  if (fromZero) low = Math.min(0, low);
  if (low === high) {
    const pad = Math.abs(low) * 0.05 || 1;
    if (!fromZero) low -= pad;
    high += pad;
  }
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks = [];
  for (let i = first; i <= last; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  return { low: first * step, high: last * step, step, ticks };
}
