// Drawing a picture onto the canvas: one small function per form, and the axes around them.

import { timeTicks, valueScale } from "./axis.js";
import { tint, title, number } from "./words.js";
import { drawTrack } from "./track.js";

// The page's colours, as the style sheet has them now.
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "quiet", "hair", "grid", "blue", "vermillion", "green", "purple", "amber", "sky", "slate", "sans"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

const BOTTOM = 42;
const TOP = 16;

// Draws, and returns where things are: `x` of a time, `time` of an x, `index` of what is nearest to a time or a place.
export function draw(context, size, picture, from, to, stream, colours, marked) {
  const { width, height } = size;
  context.clearRect(0, 0, width, height);
  context.font = `12px ${colours.sans}`;
  const rows = picture?.form === "rows" ? picture.rows : [];
  const gutter = rows.length ? Math.min(width * 0.3, Math.max(...rows.map((row) => context.measureText(title(row)).width)) + 14) : 46;
  const box = { left: picture?.form === "marks" || picture?.form === "track" ? 10 : gutter, right: width - 10, top: TOP, bottom: height - BOTTOM };
  const x = (time) => box.left + ((time - from) / (to - from)) * (box.right - box.left);
  const time = (at) => from + ((at - box.left) / (box.right - box.left)) * (to - from);
  const frame = { context, box, x, time, from, to, colours, lane: colours[stream.lane], stream, picture, marked };
  drawTime(frame);
  if (!picture || picture.form === "nothing") return { ...frame, shown: 0 };
  const shown = visible(picture, from, to);
  frame.first = shown[0];
  frame.last = shown[1];
  context.save();
  FORMS[picture.form](frame);
  context.restore();
  return { ...frame, shown: frame.last - frame.first };
}

// Rows of the columns that touch the window, one more on each side so that lines run to the edge.
function visible(picture, from, to) {
  const { time, end } = picture;
  let first = lowerBound(time, from);
  const last = lowerBound(time, to);
  while (first > 0 && end && (end[first - 1] ?? -Infinity) > from) first -= 1;
  return [first, last];
}
function lowerBound(list, value) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function drawTime({ context, box, x, from, to, colours }) {
  const { ticks, contexts } = timeTicks(from, to, box.right - box.left);
  context.strokeStyle = colours.hair;
  context.lineWidth = 1;
  line(context, box.left, box.bottom + 0.5, box.right, box.bottom + 0.5);
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = colours.quiet;
  for (const { at, label } of ticks) {
    const px = Math.round(x(at)) + 0.5;
    if (px < box.left || px > box.right) continue;
    line(context, px, box.bottom, px, box.bottom + 5);
    const half = context.measureText(label).width / 2;
    if (px - half > box.left - 30 && px + half < box.right + 10) context.fillText(label, px, box.bottom + 18);
  }
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  contexts.forEach(({ at, label }, i) => {
    const start = Math.max(x(at), box.left);
    const room = (i + 1 < contexts.length ? x(contexts[i + 1].at) : box.right) - start;
    if (x(at) > box.left) line(context, Math.round(x(at)) + 0.5, box.bottom, Math.round(x(at)) + 0.5, box.bottom + 38);
    const inset = x(at) > box.left ? 6 : 0;
    if (room > context.measureText(label).width + 8 + inset) context.fillText(label, start + inset, box.bottom + 36);
  });
}

function line(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

function drawValues(frame, low, high, fromZero) {
  const { context, box, colours } = frame;
  const scale = valueScale(low, high, Math.max(3, Math.round((box.bottom - box.top) / 72)), fromZero);
  frame.scale = scale;
  frame.y = (value) => box.bottom - ((value - scale.low) / (scale.high - scale.low)) * (box.bottom - box.top);
  context.strokeStyle = colours.grid;
  context.fillStyle = colours.quiet;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const tick of scale.ticks) {
    const y = Math.round(frame.y(tick)) + 0.5;
    if (tick !== scale.low) line(context, box.left, y, box.right, y);
    context.fillText(number(tick, scale.step), box.left - 8, y);
  }
  context.beginPath();
  context.rect(box.left, 0, box.right - box.left, box.bottom + 1);
  context.clip();
}

function extent(first, last, ...columns) {
  let [low, high] = [Infinity, -Infinity];
  for (const column of columns) {
    for (let i = first; i < last; i += 1) {
      if (column[i] < low) low = column[i];
      if (column[i] > high) high = column[i];
    }
  }
  return [low, high];
}

const FORMS = {
  band(frame) {
    const { context, picture, x, lane, first, last } = frame;
    const { time, min, max, mean, bucket } = picture;
    drawValues(frame, ...extent(first, last, min, max), false);
    const { y } = frame;
    const middle = (i) => x(time[i] + bucket / 2);
    const [a, b] = [Math.max(0, first - 1), Math.min(time.length, last + 1)];
    for (const [start, end] of runs(time, a, b, bucket * 1.01)) {
      context.fillStyle = lane;
      context.globalAlpha = 0.2;
      context.beginPath();
      const wide = end - start === 1;
      for (let i = start; i < end; i += 1) {
        context.lineTo(wide ? x(time[i]) : middle(i), y(max[i]) - 0.5);
        if (wide) context.lineTo(x(time[i] + bucket), y(max[i]) - 0.5);
      }
      for (let i = end - 1; i >= start; i -= 1) {
        if (wide) context.lineTo(x(time[i] + bucket), y(min[i]) + 0.5);
        context.lineTo(wide ? x(time[i]) : middle(i), y(min[i]) + 0.5);
      }
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = lane;
      context.lineWidth = 1.5;
      context.lineJoin = "round";
      context.beginPath();
      if (wide) {
        context.moveTo(x(time[start]), y(mean[start]));
        context.lineTo(x(time[start] + bucket), y(mean[start]));
      } else for (let i = start; i < end; i += 1) context.lineTo(middle(i), y(mean[i]));
      context.stroke();
    }
    frame.at = (i) => [middle(i), y(mean[i])];
  },
  dots(frame) {
    const { context, picture, x, lane, first, last, colours } = frame;
    const { time, value } = picture;
    drawValues(frame, ...extent(Math.max(0, first - 1), Math.min(time.length, last + 1), value), false);
    const { y } = frame;
    const [a, b] = [Math.max(0, first - 1), Math.min(time.length, last + 1)];
    const usual = typicalStep(time);
    context.strokeStyle = lane;
    context.lineJoin = "round";
    for (const [start, end] of runs(time, a, b, usual * 4)) {
      context.lineWidth = 1.4;
      context.globalAlpha = 0.75;
      context.beginPath();
      for (let i = start; i < end; i += 1) context.lineTo(x(time[i]), y(value[i]));
      context.stroke();
    }
    context.globalAlpha = 1;
    const apart = (x(frame.to) - x(frame.from)) / Math.max(1, last - first);
    const radius = apart > 14 ? 3.4 : apart > 6 ? 2.4 : apart > 3.5 ? 1.6 : 0;
    for (let i = a; i < b; i += 1) {
      const alone = (i === 0 || time[i] - time[i - 1] > usual * 4) && (i + 1 >= time.length || time[i + 1] - time[i] > usual * 4);
      if (radius > 0 || alone) disc(context, x(time[i]), y(value[i]), radius || 1.6, lane, radius > 3 ? colours.paper : null);
    }
    frame.at = (i) => [x(time[i]), y(value[i])];
  },
  bars(frame) {
    const { context, picture, x, lane, first, last } = frame;
    const { time, end, value } = picture;
    drawValues(frame, ...extent(first, last, value), true);
    const { y, box } = frame;
    context.fillStyle = lane;
    for (let i = first; i < last; i += 1) {
      const left = x(time[i]);
      const wide = Math.max(1.2, x(end[i]) - left);
      const gap = wide > 5 ? 1 : wide > 3 ? 0.6 : 0;
      context.fillRect(left + gap / 2, y(value[i]), wide - gap, box.bottom - y(value[i]));
    }
    frame.at = (i) => [(x(time[i]) + Math.max(x(end[i]), x(time[i]) + 1.2)) / 2, y(value[i])];
  },
  stack(frame) {
    const { context, picture, x, first, last, colours } = frame;
    const { time, end, parts, rows } = picture;
    const totals = parts.map((part) => part.reduce((sum, n) => sum + n, 0));
    drawValues(frame, ...extent(first, last, totals), true);
    const { y } = frame;
    for (let i = first; i < last; i += 1) {
      const [left, wide] = [x(time[i]), Math.max(1.2, x(end[i]) - x(time[i]))];
      const gap = wide > 5 ? 1 : wide > 3 ? 0.6 : 0;
      let below = 0;
      for (let row = rows.length - 1; row >= 0; row -= 1) {
        context.fillStyle = colours[tint(rows[row], row)];
        context.fillRect(left + gap / 2, y(below + parts[i][row]), wide - gap, y(below) - y(below + parts[i][row]));
        below += parts[i][row];
      }
    }
    frame.at = (i) => [(x(time[i]) + x(end[i])) / 2, y(totals[i])];
  },
  rows(frame) {
    const { context, picture, x, first, last, colours, box } = frame;
    const { time, end, label, rows } = picture;
    const tall = (box.bottom - box.top) / Math.max(1, rows.length);
    const y = (row) => box.top + row * tall;
    context.textAlign = "left";
    context.textBaseline = "middle";
    rows.forEach((row, i) => {
      context.fillStyle = colours.quiet;
      context.fillText(title(row), 0, y(i) + tall / 2, box.left - 8);
      context.strokeStyle = colours.grid;
      line(context, box.left, Math.round(y(i)) + 0.5, box.right, Math.round(y(i)) + 0.5);
    });
    context.beginPath();
    context.rect(box.left, 0, box.right - box.left, box.bottom);
    context.clip();
    const thick = Math.min(46, tall * 0.62);
    let before = null;
    context.lineWidth = 1;
    for (let i = first; i < last; i += 1) {
      const row = rows.indexOf(label[i]);
      const [left, middle] = [x(time[i]), y(row) + tall / 2];
      // A thread from stage to stage, as sleep laboratories draw it.
      if (before !== null && Math.abs(before.end - time[i]) < 60_000 && before.middle !== middle) {
        context.strokeStyle = colours.hair;
        line(context, Math.round(left) + 0.5, before.middle, Math.round(left) + 0.5, middle);
      }
      before = { end: end[i], middle };
    }
    for (let i = first; i < last; i += 1) {
      const row = rows.indexOf(label[i]);
      const left = x(time[i]);
      context.fillStyle = colours[tint(label[i], row)];
      context.fillRect(left, y(row) + (tall - thick) / 2, Math.max(1.4, x(end[i]) - left - 0.4), thick);
    }
    frame.at = (i) => [x(time[i]), y(rows.indexOf(label[i])) + tall / 2];
  },
  marks(frame) {
    const { context, picture, x, first, last, colours, lane, box } = frame;
    const { time, end, label } = picture;
    context.textAlign = "left";
    context.textBaseline = "middle";
    const lines = Math.max(1, Math.floor((box.bottom - box.top - 30) / 24));
    const free = new Array(lines).fill(-Infinity);
    const middle = box.bottom - 14;
    for (let i = first; i < last; i += 1) {
      const at = x(time[i]);
      const text = label[i].length > 44 ? `${label[i].slice(0, 43)}…` : label[i];
      const wide = context.measureText(text).width + 18;
      const row = free.findIndex((until) => until < at);
      context.fillStyle = lane;
      const length = Math.max(0, x(end[i] ?? time[i]) - at);
      if (length > 3) context.fillRect(at, middle - 4, length, 8);
      else disc(context, at, middle, 4, lane, null);
      if (row === -1 || at + wide > box.right + 8) continue;
      free[row] = at + wide;
      const y = box.bottom - 40 - row * 24;
      context.strokeStyle = colours.hair;
      line(context, Math.round(at) + 0.5, y + 8, Math.round(at) + 0.5, middle - 6);
      context.fillStyle = colours.ink;
      context.fillText(text, at - 0.5, y);
    }
    frame.at = (i) => [x(time[i]), middle];
  },
  track: drawTrack,
};

// Stretches without a gap longer than `longest`.
function* runs(time, first, last, longest) {
  let start = first;
  for (let i = first + 1; i <= last; i += 1) {
    if (i === last || time[i] - time[i - 1] > longest) {
      if (i > start) yield [start, i];
      start = i;
    }
  }
}
function typicalStep(time) {
  const steps = [];
  const stride = Math.max(1, Math.floor(time.length / 200));
  for (let i = 1; i < time.length; i += stride) steps.push(time[i] - time[i - 1]);
  return steps.sort((a, b) => a - b)[steps.length >> 1] || Infinity;
}
export function disc(context, x, y, radius, fill, stroke) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  if (!stroke) return;
  context.lineWidth = 1.2;
  context.strokeStyle = stroke;
  context.stroke();
}

// Index of the row that a time falls into or is nearest to.
export function nearest(picture, time) {
  const { end, bucket } = picture;
  const list = picture.time;
  const after = lowerBound(list, time + 1);
  const before = after - 1;
  if (before < 0) return list.length ? 0 : -1;
  if (bucket > 0) return time < list[before] + bucket ? before : -1;
  if (end && end[before] > time) return before;
  if (after >= list.length) return before;
  return time - list[before] <= list[after] - time ? before : after;
}
