// Drawing a picture onto one lane: one small function per form, and the value axis beside it.

import { COLOURS, type Colour, tint } from "../lanes";
import { tick as said, title } from "../words";
import { valueScale } from "./axis";
import { type Of, type Picture, lowerBound } from "./picture";
import { drawTrack } from "./track";

export type Palette = Record<Colour | "paper" | "ink" | "quiet" | "hair" | "grid" | "sans", string>;
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}
/** Where things are on a lane that was drawn. */
export interface Frame {
  context: CanvasRenderingContext2D;
  box: Box;
  x: (time: number) => number;
  from: number;
  to: number;
  colours: Palette;
  lane: string;
  first: number;
  last: number;
  /** Middle of row `i`. */
  at: (i: number) => [number, number];
  /** The row nearest to a place on the lane, where that is not the nearest in time. */
  hit?: (x: number, y: number) => number;
}

/** Room for the value axis, the same on every lane so that one cursor runs through all. */
export const GUTTER = 54;
export const MARGIN = 10;

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const names = [...COLOURS, "paper", "ink", "quiet", "hair", "grid", "sans"] as const;
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

export function draw(context: CanvasRenderingContext2D, size: { width: number; height: number }, picture: Picture | null, from: number, to: number, lane: string, colours: Palette): Frame {
  const { width, height } = size;
  context.clearRect(0, 0, width, height);
  context.font = `11.5px ${colours.sans}`;
  const box = { left: Math.min(GUTTER, width * 0.14), right: width - MARGIN, top: 10, bottom: height - 6 };
  const x = (time: number) => box.left + ((time - from) / (to - from)) * (box.right - box.left);
  const frame: Frame = { context, box, x, from, to, colours, lane, first: 0, last: 0, at: () => [-1, -1] };
  if (!picture || picture.form === "nothing") return frame;
  [frame.first, frame.last] = visible(picture, from, to);
  context.save();
  switch (picture.form) {
    case "band": band(frame, picture); break;
    case "dots": dots(frame, picture); break;
    case "bars": bars(frame, picture); break;
    case "stack": stack(frame, picture); break;
    case "spans": spans(frame, picture); break;
    case "marks": marks(frame, picture); break;
    case "track": drawTrack(frame, picture); break;
  }
  context.restore();
  return frame;
}

function visible(picture: Picture, from: number, to: number): [number, number] {
  const end = "end" in picture ? picture.end : undefined;
  let first = lowerBound(picture.time, from);
  while (first > 0 && end && (end[first - 1] ?? -Infinity) > from) first -= 1;
  return [first, lowerBound(picture.time, to)];
}

export function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function values({ context, box, colours }: Frame, low: number, high: number, fromZero: boolean): (value: number) => number {
  const scale = valueScale(low, high, Math.max(2, Math.round((box.bottom - box.top) / 52)), fromZero);
  const y = (value: number) => box.bottom - ((value - scale.low) / (scale.high - scale.low)) * (box.bottom - box.top);
  context.strokeStyle = colours.grid;
  context.fillStyle = colours.quiet;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const tick of scale.ticks) {
    const at = Math.round(y(tick)) + 0.5;
    line(context, box.left, at, box.right, at);
    context.fillText(said(tick, scale.step), box.left - 8, at, box.left - 8);
  }
  clip(context, box);
  return y;
}

function clip(context: CanvasRenderingContext2D, box: Box): void {
  context.beginPath();
  context.rect(box.left, 0, box.right - box.left, box.bottom + 1);
  context.clip();
}

function extent(first: number, last: number, ...columns: number[][]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (let i = first; i < last; i += 1) {
      if (column[i] < low) low = column[i];
      if (column[i] > high) high = column[i];
    }
  }
  return [low, high];
}

/** The rows of the window and one more on each side, so that lines run to the edge. */
const around = ({ first, last }: Frame, length: number): [number, number] => [Math.max(0, first - 1), Math.min(length, last + 1)];

function band(frame: Frame, { time, min, max, mean, bucket }: Of<"band">): void {
  const { context, x, lane, first, last } = frame;
  const y = values(frame, ...extent(first, last, min, max), false);
  const middle = (i: number) => x(time[i] + bucket / 2);
  for (const [start, end] of runs(time, ...around(frame, time.length), bucket * 1.01)) {
    const alone = end - start === 1;
    const edges = (i: number) => (alone ? [x(time[i]), x(time[i] + bucket)] : [middle(i)]);
    context.fillStyle = lane;
    context.globalAlpha = 0.22;
    context.beginPath();
    for (let i = start; i < end; i += 1) for (const at of edges(i)) context.lineTo(at, y(max[i]) - 0.5);
    for (let i = end - 1; i >= start; i -= 1) for (const at of edges(i).reverse()) context.lineTo(at, y(min[i]) + 0.5);
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = lane;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    for (let i = start; i < end; i += 1) for (const at of edges(i)) context.lineTo(at, y(mean[i]));
    context.stroke();
  }
  frame.at = (i) => [middle(i), y(mean[i])];
}

function dots(frame: Frame, { time, value }: Of<"dots">): void {
  const { context, x, lane, first, last, colours } = frame;
  const [a, b] = around(frame, time.length);
  const y = values(frame, ...extent(a, b, value), false);
  const usual = typicalStep(time);
  context.strokeStyle = lane;
  context.lineJoin = "round";
  context.lineWidth = 1.4;
  context.globalAlpha = 0.75;
  for (const [start, end] of runs(time, a, b, usual * 4)) {
    context.beginPath();
    for (let i = start; i < end; i += 1) context.lineTo(x(time[i]), y(value[i]));
    context.stroke();
  }
  context.globalAlpha = 1;
  const apart = (x(frame.to) - x(frame.from)) / Math.max(1, last - first);
  const radius = apart > 14 ? 3.4 : apart > 6 ? 2.4 : apart > 3.5 ? 1.6 : 0;
  for (let i = a; i < b; i += 1) {
    const alone = (i === 0 || time[i] - time[i - 1] > usual * 4) && (i + 1 >= time.length || time[i + 1] - time[i] > usual * 4);
    if (radius > 0 || alone) disc(context, x(time[i]), y(value[i]), radius || 1.6, lane, radius > 3 ? colours.paper : undefined);
  }
  frame.at = (i) => [x(time[i]), y(value[i])];
}

/** Left edge and width of a bar, with a little air where there is room. */
function slot(x: Frame["x"], start: number, end: number): [number, number] {
  const wide = Math.max(1.2, x(end) - x(start));
  const gap = wide > 5 ? 1 : wide > 3 ? 0.6 : 0;
  return [x(start) + gap / 2, wide - gap];
}

function bars(frame: Frame, { time, end, value }: Of<"bars">): void {
  const { context, x, lane, first, last, box } = frame;
  const y = values(frame, ...extent(first, last, value), true);
  context.fillStyle = lane;
  for (let i = first; i < last; i += 1) {
    const [left, wide] = slot(x, time[i], end[i]);
    context.fillRect(left, y(value[i]), wide, box.bottom - y(value[i]));
  }
  frame.at = (i) => [(x(time[i]) + Math.max(x(end[i]), x(time[i]) + 1.2)) / 2, y(value[i])];
}

function stack(frame: Frame, { time, end, parts, rows }: Of<"stack">): void {
  const { context, x, first, last, colours } = frame;
  const totals = parts.map((part) => part.reduce((sum, n) => sum + n, 0));
  const y = values(frame, ...extent(first, last, totals), true);
  for (let i = first; i < last; i += 1) {
    const [left, wide] = slot(x, time[i], end[i]);
    let below = 0;
    for (let row = rows.length - 1; row >= 0; row -= 1) {
      context.fillStyle = colours[tint(rows[row], row)];
      context.fillRect(left, y(below + parts[i][row]), wide, y(below) - y(below + parts[i][row]));
      below += parts[i][row];
    }
  }
  frame.at = (i) => [(x(time[i]) + x(end[i])) / 2, y(totals[i])];
}

function spans(frame: Frame, { time, end, label, rows }: Of<"spans">): void {
  const { context, x, first, last, colours, box } = frame;
  const tall = (box.bottom - box.top) / Math.max(1, rows.length);
  const middle = (i: number) => box.top + (rows.indexOf(label[i]) + 0.5) * tall;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  rows.forEach((row, i) => {
    context.fillStyle = colours.quiet;
    context.fillText(title(row), box.left - 8, box.top + (i + 0.5) * tall, box.left - 8);
    context.strokeStyle = colours.grid;
    line(context, box.left, Math.round(box.top + i * tall) + 0.5, box.right, Math.round(box.top + i * tall) + 0.5);
  });
  clip(context, box);
  const thick = Math.min(34, tall * 0.64);
  // A thread from stage to stage, as sleep laboratories draw it.
  context.strokeStyle = colours.hair;
  for (let i = first + 1; i < last; i += 1) {
    if (Math.abs(end[i - 1] - time[i]) < 60_000 && label[i] !== label[i - 1]) line(context, Math.round(x(time[i])) + 0.5, middle(i - 1), Math.round(x(time[i])) + 0.5, middle(i));
  }
  for (let i = first; i < last; i += 1) {
    context.fillStyle = colours[tint(label[i], rows.indexOf(label[i]))];
    context.fillRect(x(time[i]), middle(i) - thick / 2, Math.max(1.4, x(end[i]) - x(time[i]) - 0.4), thick);
  }
  frame.at = (i) => [x(time[i]), middle(i)];
}

function marks(frame: Frame, { time, end, label }: Of<"marks">): void {
  const { context, x, first, last, colours, lane, box } = frame;
  context.textAlign = "left";
  context.textBaseline = "middle";
  clip(context, box);
  const lines = Math.max(1, Math.floor((box.bottom - box.top - 24) / 20));
  const free = new Array<number>(lines).fill(-Infinity);
  const middle = box.bottom - 10;
  for (let i = first; i < last; i += 1) {
    const at = x(time[i]);
    const text = label[i].length > 44 ? `${label[i].slice(0, 43)}…` : label[i];
    const wide = context.measureText(text).width + 18;
    const row = free.findIndex((until) => until < at);
    context.fillStyle = lane;
    const length = Math.max(0, x(end[i] ?? time[i]) - at);
    if (length > 3) context.fillRect(at, middle - 4, length, 8);
    else disc(context, at, middle, 4, lane);
    if (row === -1 || at + wide > box.right + 8) continue;
    free[row] = at + wide;
    const y = box.bottom - 32 - row * 20;
    context.strokeStyle = colours.hair;
    line(context, Math.round(at) + 0.5, y + 8, Math.round(at) + 0.5, middle - 6);
    context.fillStyle = colours.ink;
    context.fillText(text, at - 0.5, y);
  }
  frame.at = (i) => [x(time[i]), middle];
}

/** Stretches without a gap longer than `longest`. */
function* runs(time: number[], first: number, last: number, longest: number): Generator<[number, number]> {
  let start = first;
  for (let i = first + 1; i <= last; i += 1) {
    if (i === last || time[i] - time[i - 1] > longest) {
      if (i > start) yield [start, i];
      start = i;
    }
  }
}

function typicalStep(time: number[]): number {
  const steps: number[] = [];
  const stride = Math.max(1, Math.floor(time.length / 200));
  for (let i = 1; i < time.length; i += stride) steps.push(time[i] - time[i - 1]);
  return steps.sort((a, b) => a - b)[steps.length >> 1] || Infinity;
}

export function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number, fill: string, stroke?: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  if (!stroke) return;
  context.lineWidth = 1.2;
  context.strokeStyle = stroke;
  context.stroke();
}
