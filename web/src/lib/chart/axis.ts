// Where ticks go and what they say.

import { DAY, HOUR, MINUTE, clock, date, month } from "../words";

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY,
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240];
const MONTH = 30.44 * DAY;
const MONDAY = 4 * DAY; // 5 January 1970
const TICKS_MAX = 200;

type Context = "day" | "month" | "year" | "none";
export interface Mark {
  at: number;
  label: string;
}

const monthStart = (index: number) => Date.UTC(Math.floor(index / 12), ((index % 12) + 12) % 12, 1);

/** Two rows: short labels at every tick, and below them what they leave out (the day, the month, the year) where it changes. */
export function timeTicks(from: number, to: number, room: number): { ticks: Mark[]; contexts: Mark[] } {
  const wanted = ((to - from) / room) * 84;
  const step = STEPS.find((candidate) => candidate >= wanted);
  const ticks: number[] = [];
  let context: Context;
  if (step !== undefined) {
    const origin = step >= 7 * DAY ? MONDAY : 0;
    for (let at = Math.ceil((from - origin) / step) * step + origin; at <= to && ticks.length < TICKS_MAX; at += step) ticks.push(at);
    context = step < DAY ? "day" : "month";
  } else {
    const months = MONTH_STEPS.find((n) => n * MONTH >= wanted) ?? 600;
    const first = new Date(from);
    let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months;
    for (; monthStart(index) <= to && ticks.length < TICKS_MAX; index += months) if (monthStart(index) >= from) ticks.push(monthStart(index));
    context = months < 12 ? "year" : "none";
  }
  const label = (at: number) => {
    if (context === "day") return clock(at, (step ?? 0) < 1000 ? "ms" : (step ?? 0) < MINUTE ? "second" : "minute");
    if (context === "month") return String(new Date(at).getUTCDate());
    return context === "year" ? month(at) : String(new Date(at).getUTCFullYear());
  };
  return { ticks: ticks.map((at) => ({ at, label: label(at) })), contexts: contexts(from, to, context) };
}

function contexts(from: number, to: number, context: Context): Mark[] {
  if (context === "none") return [];
  const at = new Date(from);
  const [year, monthOf, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const start = (i: number) => (context === "day" ? Date.UTC(year, monthOf, day + i) : context === "month" ? Date.UTC(year, monthOf + i, 1) : Date.UTC(year + i, 0, 1));
  const label = (wall: number) => (context === "day" ? date(wall, { weekday: true }) : context === "month" ? date(wall, { day: false }) : String(new Date(wall).getUTCFullYear()));
  const marks: Mark[] = [];
  for (let i = 0; i < 100 && start(i) < to; i += 1) marks.push({ at: start(i), label: label(start(i)) });
  return marks;
}

/** A range that ends on round numbers, and about `count` ticks in it. */
export function valueScale(low: number, high: number, count: number, fromZero: boolean): { low: number; high: number; step: number; ticks: number[] } {
  if (!(low <= high)) return { low: 0, high: 1, step: 0.5, ticks: [0, 0.5, 1] };
  if (fromZero) low = Math.min(0, low);
  if (low === high) {
    const pad = Math.abs(low) * 0.05 || 1;
    if (!fromZero) low -= pad;
    high += pad;
  }
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999) ?? 10 * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const ticks: number[] = [];
  for (let i = first; i <= last; i += 1) ticks.push(Number((i * step).toPrecision(12)));
  return { low: first * step, high: last * step, step, ticks };
}
