// What is in a window of a stream, fetched a little wider than shown so that dragging has something to show.

import { askOnce } from "./ask.js";
import { DAY, HOUR, MINUTE, byOrder, eventText, gist, wallOf, wallText } from "./words.js";

const ROWS_MAX = 1500;
const PLACES_MAX = 5000;
const BARS = [[15 * MINUTE, "15m"], [HOUR, "1h"], [6 * HOUR, "6h"], [DAY, "1d"], [7 * DAY, "1w"], [28 * DAY, "4w"]];

// Wide windows are cut on a grid of their own size: coming back to one, or dragging within it, asks nothing.
export function cover(stream, from, to) {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, to - from)));
  const cell = Math.max(1, size / 4);
  const [first, last] = stream.span;
  const a = Math.max(Math.floor((from - cell) / cell) * cell, Math.floor(first) - 1);
  const b = Math.min(Math.ceil((to + cell) / cell) * cell, Math.ceil(last) + 1);
  return { a, b: Math.max(b, a + 1), size };
}

const clamp = (n, low, high) => Math.round(Math.min(high, Math.max(low, n)));

// Returns a picture: its `form` says how to draw it, the rest is columns of equal length.
export async function picture(stream, from, to, width, signal) {
  const { a, b, size } = cover(stream, from, to);
  const share = (b - a) / size;
  const base = { a, b, kind: stream.kind, density: size / width };
  if (b <= from || a >= to) return { ...base, form: "nothing", time: [] };
  if (stream.kind === "position") return { ...base, ...(await places(stream, a, b, signal)) };
  const perPixel = { total: 1 / 6, reading: 1 / 1.5 }[stream.kind];
  const points = perPixel ? clamp(width * share * perPixel, 16, 4000) : ROWS_MAX;
  const answer = await askOnce("timeline.view@1", { stream: stream.id, from: a, to: b, points }, signal);
  const { bucket, time, end, min, max, mean, sum, count } = answer;
  if (stream.kind === "reading") {
    return bucket > 0 ? { ...base, form: "band", bucket, time, min, max, mean, count } : { ...base, form: "dots", time, end, value: min };
  }
  if (stream.kind === "total") {
    return bucket > 0
      ? { ...base, form: "bars", bucket, time, end: time.map((t) => t + bucket), value: sum, count }
      : { ...base, form: "bars", bucket: 0, time, end, value: min };
  }
  if (stream.kind === "category") {
    return bucket > 0 ? { ...base, ...(await stack(stream, a, b, size / width, signal)) } : { ...base, form: "rows", time, end, label: answer.label, rows: byOrder(new Set(answer.label)) };
  }
  if (bucket > 0) return { ...base, form: "bars", counts: true, bucket, time, end: time.map((t) => t + bucket), value: count, count };
  return { ...base, form: "marks", time, end, label: answer.label.map(gist) };
}

async function stack(stream, a, b, density, signal) {
  const [bucket, every] = BARS.find(([ms]) => ms >= density * 7) ?? BARS.at(-1);
  const answer = await askOnce("timeline.query@1", { stream: stream.id, from: wallText(a), to: wallText(b), every, limit: 5000 }, signal);
  const buckets = answer.buckets ?? [];
  const rows = byOrder(new Set(buckets.flatMap((one) => Object.keys(one.minutes ?? {}))));
  const time = buckets.map((one) => wallOf(one.time));
  return {
    form: "stack", bucket, rows, time,
    end: time.map((t) => t + bucket),
    // From the bottom row upwards, as the rows of single spans stand.
    parts: buckets.map((one) => rows.map((row) => (one.minutes?.[row] ?? 0) / 60)),
  };
}

async function places(stream, a, b, signal) {
  const answer = await askOnce("timeline.query@1", { stream: stream.id, from: wallText(a), to: wallText(b), limit: PLACES_MAX }, signal);
  const points = (answer.points ?? []).filter((point) => Number.isFinite(point.value?.lat));
  return {
    form: "track", more: answer.more,
    time: points.map((point) => wallOf(point.time)),
    lat: points.map((point) => point.value.lat),
    lon: points.map((point) => point.value.lon),
  };
}

// Sixty values for the list, or null where there is nothing to draw a line of.
export async function sparkline(stream, signal) {
  const [from, last] = stream.span;
  const to = Math.max(last + 1, from + 60);
  const answer = await askOnce("timeline.view@1", { stream: stream.id, from, to, points: 60 }, signal);
  const { bucket, time, min, mean, sum, count } = answer;
  const of = (at) => (time[at] + bucket / 2 - from) / (to - from);
  const number = stream.kind === "reading" || stream.kind === "total";
  const column = stream.kind === "reading" ? (bucket > 0 ? mean : min) : bucket > 0 ? (number ? sum : count) : number ? min : null;
  return {
    bars: stream.kind !== "reading",
    gap: bucket > 0 ? (bucket * 2.5) / (to - from) : Infinity,
    points: time.map((_, at) => [of(at), column === null ? 1 : column[at]]),
  };
}

export { eventText };
