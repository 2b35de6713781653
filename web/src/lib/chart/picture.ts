// What is in a window of a stream, fetched a little wider than shown so that dragging has something to show.

import { askOnce } from "../api/door";
import type { Bucket, Point, QueryAnswer, StreamInfo, ViewAnswer } from "../api/types";
import { DAY, HOUR, MINUTE, byOrder, gist } from "../words";
import { wallOf, wallText } from "../wall";

const SPANS_MAX = 1500;
const PLACES_MAX = 5000;
const POINTS_MAX = 4000;
const BARS: [number, string][] = [[15 * MINUTE, "15m"], [HOUR, "1h"], [6 * HOUR, "6h"], [DAY, "1d"], [7 * DAY, "1w"], [28 * DAY, "4w"]];

interface Columns {
  time: number[];
}
type Form =
  | ({ form: "nothing" } & Columns)
  | ({ form: "band"; bucket: number; min: number[]; max: number[]; mean: number[]; count: number[] } & Columns)
  | ({ form: "dots"; end: number[]; value: number[] } & Columns)
  | ({ form: "bars"; bucket: number; counts: boolean; end: number[]; value: number[] } & Columns)
  | ({ form: "stack"; bucket: number; end: number[]; rows: string[]; parts: number[][] } & Columns)
  | ({ form: "spans"; end: number[]; label: string[]; rows: string[] } & Columns)
  | ({ form: "marks"; end: number[]; label: string[] } & Columns)
  | ({ form: "track"; lat: number[]; lon: number[]; more: boolean } & Columns);
/** `a` to `b` is what was asked for; `form` says how to draw the columns, which are of equal length. */
export type Picture = Form & { a: number; b: number; density: number };
export type Of<F extends Picture["form"]> = Extract<Picture, { form: F }>;

/** Windows are cut on a grid of their own size: coming back to one, or dragging within it, asks nothing. */
export function cover(span: readonly [number, number], from: number, to: number): { a: number; b: number; size: number } {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, to - from)));
  const cell = Math.max(1, size / 4);
  const a = Math.max(Math.floor((from - cell) / cell) * cell, Math.floor(span[0]) - 1);
  const b = Math.min(Math.ceil((to + cell) / cell) * cell, Math.ceil(span[1]) + 1);
  return { a, b: Math.max(b, a + 1), size };
}

const clamp = (n: number, low: number, high: number) => Math.round(Math.min(high, Math.max(low, n)));

export async function fetchPicture(stream: StreamInfo, from: number, to: number, width: number, signal?: AbortSignal): Promise<Picture> {
  const { a, b, size } = cover(stream.span, from, to);
  const base = { a, b, density: size / width };
  if (b <= from || a >= to) return { ...base, form: "nothing", time: [] };
  if (stream.kind === "position") return { ...base, ...(await places(stream, a, b, signal)) };
  const perPixel = stream.kind === "total" ? 1 / 6 : stream.kind === "reading" ? 1 / 1.5 : 0;
  const points = perPixel > 0 ? clamp(width * ((b - a) / size) * perPixel, 16, POINTS_MAX) : SPANS_MAX;
  const view = await askOnce<ViewAnswer>("timeline.view@1", { stream: stream.id, from: a, to: b, points }, signal);
  const { bucket, time, end, min, max, mean, sum, count } = view;
  const ends = bucket > 0 ? time.map((start) => start + bucket) : end;
  switch (stream.kind) {
    case "reading":
      return bucket > 0 ? { ...base, form: "band", bucket, time, min, max, mean, count } : { ...base, form: "dots", time, end, value: min };
    case "total":
      return { ...base, form: "bars", bucket, counts: false, time, end: ends, value: bucket > 0 ? sum : min };
    case "category":
      if (bucket > 0) return { ...base, ...(await stack(stream, a, b, size / width, signal)) };
      return { ...base, form: "spans", time, end, label: view.label, rows: byOrder(new Set(view.label)) };
    default:
      if (bucket > 0) return { ...base, form: "bars", bucket, counts: true, time, end: ends, value: count };
      return { ...base, form: "marks", time, end, label: view.label.map(gist) };
  }
}

async function stack(stream: StreamInfo, a: number, b: number, density: number, signal?: AbortSignal): Promise<Form> {
  const [bucket, every] = BARS.find(([ms]) => ms >= density * 7) ?? (BARS.at(-1) as [number, string]);
  const answer = await askOnce<QueryAnswer>("timeline.query@1", { stream: stream.id, from: wallText(a), to: wallText(b), every, limit: 5000 }, signal);
  return stacked(answer, bucket);
}

async function places(stream: StreamInfo, a: number, b: number, signal?: AbortSignal): Promise<Form> {
  return passed(await askOnce<QueryAnswer>("timeline.query@1", { stream: stream.id, from: wallText(a), to: wallText(b), limit: PLACES_MAX }, signal));
}

/** Hours per label, one bar a bucket. */
function stacked(answer: QueryAnswer, bucket: number): Form {
  const buckets = answer.buckets ?? [];
  const rows = byOrder(new Set(buckets.flatMap((one) => Object.keys(one.minutes ?? {}))));
  const time = buckets.map((one) => wallOf(one.time));
  const parts = buckets.map((one) => rows.map((row) => (one.minutes?.[row] ?? 0) / 60));
  return { form: "stack", bucket, rows, time, end: time.map((start) => start + bucket), parts };
}
/** The places of an answer, in order. */
function passed(answer: QueryAnswer): Form {
  const at = (value: unknown) => (value ?? {}) as { lat?: number; lon?: number };
  const points = (answer.points ?? []).filter((point) => Number.isFinite(at(point.value).lat));
  return {
    form: "track",
    more: answer.more,
    time: points.map((point) => wallOf(point.time)),
    lat: points.map((point) => at(point.value).lat as number),
    lon: points.map((point) => at(point.value).lon as number),
  };
}

/** One whole answer as a picture: what somebody else lets the owner see, or would be let see. */
export function pictureOf(answer: QueryAnswer): Picture {
  const form = answer.buckets ? ofBuckets(answer, msOf(answer.every ?? "")) : ofPoints(answer);
  const ends = "end" in form ? form.end : "bucket" in form ? form.time.map((start) => start + form.bucket) : form.time;
  const [a, b] = [form.time[0] ?? 0, ends.reduce((last, end) => Math.max(last, end), form.time.at(-1) ?? 1)];
  const pad = Math.max((b - a) * 0.015, 1);
  return { ...form, a: Math.floor(a - pad), b: Math.ceil(b + pad), density: 1 };
}
function ofBuckets(answer: QueryAnswer, bucket: number): Form {
  const buckets = answer.buckets ?? [];
  if (buckets.length === 0) return { form: "nothing", time: [] };
  if (answer.kind === "category") return stacked(answer, bucket);
  const time = buckets.map((one) => wallOf(one.time));
  const column = (of: (one: Bucket) => number | null | undefined) => buckets.map((one) => of(one) ?? Number.NaN);
  if (answer.kind === "reading") return { form: "band", bucket, time, min: column((one) => one.min), max: column((one) => one.max), mean: column((one) => one.mean), count: column((one) => one.count) };
  const counts = answer.kind !== "total";
  return { form: "bars", bucket, counts, time, end: time.map((start) => start + bucket), value: column((one) => (counts ? one.count : one.sum)) };
}
function ofPoints(answer: QueryAnswer): Form {
  const points = answer.points ?? [];
  if (points.length === 0) return { form: "nothing", time: [] };
  if (answer.kind === "position") return passed(answer);
  const time = points.map((point) => wallOf(point.time));
  const end = points.map((point) => wallOf(point.end ?? point.time));
  const text = ({ value }: Point) => (typeof value === "string" ? value : JSON.stringify(value));
  switch (answer.kind) {
    case "reading": return { form: "dots", time, end, value: points.map((point) => Number(point.value)) };
    case "total": return { form: "bars", bucket: 0, counts: false, time, end, value: points.map((point) => Number(point.value)) };
    case "category": return { form: "spans", time, end, label: points.map(text), rows: byOrder(new Set(points.map(text))) };
    default: return { form: "marks", time, end, label: points.map((point) => gist(text(point))) };
  }
}
const SIZES: Record<string, number> = { m: MINUTE, h: HOUR, d: DAY, w: 7 * DAY };
/** `6h` in milliseconds. */
export const msOf = (every: string): number => Number.parseInt(every, 10) * (SIZES[every.slice(-1)] ?? 0) || 0;

export function lowerBound(list: number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the row that a time falls into or is nearest to; -1 for none. */
export function nearest(picture: Picture, time: number): number {
  const list = picture.time;
  const end = "end" in picture ? picture.end : undefined;
  const bucket = "bucket" in picture ? picture.bucket : 0;
  const after = lowerBound(list, time + 1);
  const before = after - 1;
  if (before < 0) return list.length ? 0 : -1;
  if (bucket > 0) return time < list[before] + bucket ? before : -1;
  if (end && end[before] > time) return before;
  if (after >= list.length) return before;
  return time - list[before] <= list[after] - time ? before : after;
}
