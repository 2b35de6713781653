// The timeline: a window onto a stream that can be dragged, zoomed and read.

import { disc, draw, nearest, palette } from "./draw.js";
import { cover, picture as fetchPicture } from "./window.js";
import { clock, date, moment, number, range, tint, title, whole, width as bucketWidth, withUnit } from "./words.js";

const SHORTEST = 20;
const PATIENCE = 110;

export class Timeline {
  constructor(elements, on) {
    Object.assign(this, elements);
    this.on = on;
    this.context = this.canvas.getContext("2d");
    this.colours = palette();
    this.pointers = new Map();
    this.cross = null;
    this.pin = null;
    this.listen();
  }

  show(stream, from, to) {
    this.stream = stream;
    this.picture = null;
    this.cross = null;
    this.pin = null;
    const [first, last] = stream.span;
    const pad = Math.max((last - first) * 0.012, last === first ? 43_200_000 : 0);
    this.all = [Math.floor(first - pad), Math.ceil(last + pad)];
    [this.from, this.to] = this.bounded(from ?? this.all[0], to ?? this.all[1]);
    this.moved(true);
  }

  // Keeps a window within reach of the data and of what a clock can tell.
  bounded(from, to) {
    const [first, last] = this.all;
    const most = (last - first) * 1.5;
    const size = Math.min(Math.max(to - from, SHORTEST), most);
    let start = (from + to) / 2 - size / 2;
    start = Math.min(Math.max(start, first - size / 2), last - size / 2);
    return [Math.round(start), Math.round(start + size)];
  }

  move(from, to) {
    [this.from, this.to] = this.bounded(from, to);
    this.moved(false);
  }
  zoom(factor, around = (this.from + this.to) / 2) {
    this.move(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }
  pan(share) {
    const by = (this.to - this.from) * share;
    this.move(this.from + by, this.to + by);
  }
  fit() {
    this.move(...this.all);
  }

  moved(now) {
    this.rangeText.textContent = range(this.from, this.to);
    this.redraw();
    this.on.window(this.from, this.to);
    clearTimeout(this.timer);
    if (now) this.load();
    else this.timer = setTimeout(() => this.load(), PATIENCE);
  }

  async load() {
    const { stream, from, to } = this;
    const { a, b, size } = cover(stream, from, to);
    const wide = this.plot.clientWidth || 800;
    const same = this.picture?.a === a && this.picture?.b === b && this.picture?.density === size / wide && !this.failed;
    if (same) return this.redraw();
    this.loading?.abort();
    this.loading = new AbortController();
    this.plot.setAttribute("aria-busy", "true");
    try {
      const got = await fetchPicture(stream, from, to, wide, this.loading.signal);
      if (this.stream !== stream) return undefined;
      this.failed = null;
      this.picture = got;
    } catch (error) {
      if (error.name === "AbortError" || this.stream !== stream) return undefined;
      this.failed = error;
      this.picture = null;
      this.on.failed(error);
    }
    this.plot.removeAttribute("aria-busy");
    return this.redraw();
  }

  redraw() {
    if (this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.paint();
    });
  }

  paint() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    const ratio = window.devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!this.stream) return;
    this.frame = draw(this.context, { width, height }, this.picture, this.from, this.to, this.stream, this.colours);
    const nothing = this.picture && this.frame.shown <= 0;
    this.empty.hidden = !(nothing || this.failed);
    this.empty.classList.toggle("error", Boolean(this.failed));
    this.empty.textContent = this.failed ? this.failed.message : "Nothing here. Zoom out, or choose Fit to see everything.";
    this.paintMarks();
    this.legendFor();
  }

  paintMarks() {
    const { frame, context, colours, picture } = this;
    if (!frame || !picture || !frame.at) return this.say(null);
    if (this.pin !== null) {
      const x = Math.round(frame.x(this.pin)) + 0.5;
      if (x >= frame.box.left && x <= frame.box.right) {
        context.strokeStyle = colours.ink;
        context.setLineDash([2, 3]);
        this.vertical(x);
        context.setLineDash([]);
        context.beginPath();
        context.moveTo(x - 5, frame.box.top - 12);
        context.lineTo(x + 5, frame.box.top - 12);
        context.lineTo(x, frame.box.top - 4);
        context.fillStyle = colours.ink;
        context.fill();
      }
    }
    if (this.cross === null) return this.say(null);
    context.strokeStyle = colours.quiet;
    const at = this.pointed();
    const onTrack = picture.form === "track";
    const x = onTrack && at >= 0 ? frame.x(picture.time[at]) : frame.x(this.cross.time);
    if (!onTrack) this.vertical(Math.round(x) + 0.5);
    if (at >= 0) {
      const [px, py] = frame.at(at);
      if (px >= frame.box.left - 1 && px <= frame.box.right + 1) disc(context, px, py, 4.5, colours.ink, colours.paper);
      if (onTrack) disc(context, x, frame.box.bottom - 12, 4.5, colours.ink, colours.paper);
    }
    return this.say(at);
  }
  vertical(x) {
    const { context, frame } = this;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, frame.box.top - 4);
    context.lineTo(x, frame.box.bottom);
    context.stroke();
  }

  // The row under the crosshair; -1 for none.
  pointed() {
    const { frame, picture, cross } = this;
    if (!picture || cross === null || picture.time.length === 0) return -1;
    const hit = frame.hit && cross.y !== undefined ? frame.hit(cross.x, cross.y) : null;
    return hit ?? nearest(picture, cross.time);
  }

  say(at) {
    const parts = at === null || at < 0 ? null : this.reading(at);
    if (at === null) return this.readout.replaceChildren();
    const when = document.createElement("span");
    when.className = "when";
    when.textContent = parts ? parts[0] : `${date(this.cross.time, { weekday: true })}, ${clock(this.cross.time)}`;
    return this.readout.replaceChildren(when, parts ? parts[1] : "–");
  }
  reading(at) {
    const { picture: p, stream } = this;
    const time = p.time[at];
    const bucketed = p.bucket > 0;
    const when = bucketed && p.bucket >= 86_400_000 ? range(time, time + p.bucket) : moment(time);
    const value = (n) => withUnit(number(n), stream.unit);
    switch (p.form) {
      case "band": return [when, p.count[at] === 1 ? value(p.mean[at]) : `mean ${value(p.mean[at])}, ${number(p.min[at])} to ${number(p.max[at])}, ${whole(p.count[at])} readings`];
      case "dots": return [when, value(p.value[at])];
      case "bars": return [when, p.counts ? `${whole(p.value[at])} entries` : `${value(p.value[at])}${bucketed ? ` ${bucketWidth(p.bucket)}` : ""}`];
      case "stack": return [when, p.rows.map((row, i) => [row, p.parts[at][i]]).filter(([, h]) => h > 0).map(([row, h]) => `${title(row)} ${number(h, 0.1)} h`).join(", ")];
      case "rows": return [`${moment(time)} – ${clock(p.end[at])}`, title(p.label[at])];
      case "track": return [when, `${number(p.lat[at], 0.0001)}°, ${number(p.lon[at], 0.0001)}°`];
      default: return [when, p.label?.[at] ?? ""];
    }
  }

  legendFor() {
    const { picture: p, stream } = this;
    const key = p ? `${stream.id} ${p.form} ${p.bucket} ${p.rows}` : "";
    if (key === this.legendKey) return;
    this.legendKey = key;
    const entries = [];
    if (p?.form === "band") entries.push(["line", stream.lane, `mean ${bucketWidth(p.bucket)}`], ["area", stream.lane, "lowest to highest"]);
    if (p?.form === "bars" && p.bucket > 0) entries.push(["area-full", stream.lane, `${p.counts ? "entries" : "sum"} ${bucketWidth(p.bucket)}`]);
    if (p?.form === "stack") p.rows.forEach((row, i) => entries.push(["area-full", tint(row, i), title(row)]));
    if (p?.form === "stack") entries.push(["none", "", `hours ${bucketWidth(p.bucket)}`]);
    if (p?.form === "track") entries.push(["ring", stream.lane, "start"], ["dot", stream.lane, "end"]);
    if (p?.more) entries.push(["none", "", `only the first ${whole(p.time.length)} places of this window: zoom in for all`]);
    this.legend.replaceChildren(...entries.map(legendEntry));
  }

  // Asks for the provenance of what is under the crosshair.
  open() {
    const at = this.pointed();
    const { picture, cross } = this;
    if (!picture || !cross || picture.time.length === 0) return;
    const exact = at >= 0 && !(picture.bucket > 0);
    this.on.open(exact ? picture.time[at] : Math.round(cross.time));
  }
  pinAt(time) {
    this.pin = time;
    this.redraw();
  }
  step(by) {
    const { picture } = this;
    if (!picture || picture.time.length === 0) return;
    const middle = picture.bucket > 0 ? picture.bucket / 2 : 0;
    const now = this.cross === null ? nearest(picture, (this.from + this.to) / 2) - by : this.pointed();
    const next = Math.min(picture.time.length - 1, Math.max(0, (now < 0 ? 0 : now) + by));
    this.cross = { time: picture.time[next] + middle };
    if (this.cross.time < this.from || this.cross.time > this.to) this.pan(by * 0.5);
    this.redraw();
  }

  listen() {
    const { plot, pointers } = this;
    const place = (event) => {
      const box = plot.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.frame) return;
      plot.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, place(event));
      this.drag = pointers.size === 1 ? { ...place(event), from: this.from, to: this.to, far: false } : { far: true };
      this.pinch = pointers.size === 2 ? this.spread() : null;
    });
    plot.addEventListener("pointermove", (event) => {
      if (!this.frame) return;
      const at = place(event);
      if (pointers.has(event.pointerId)) pointers.set(event.pointerId, at);
      if (this.pinch && pointers.size === 2) return this.pinched();
      if (this.drag && pointers.size === 1 && !this.pinch) {
        const far = Math.abs(at.x - this.drag.x);
        if (far > 4) this.drag.far = true;
        if (this.drag.far && this.drag.from !== undefined) {
          plot.classList.add("dragging");
          const by = this.frame.time(this.drag.x) - this.frame.time(at.x);
          this.move(this.drag.from + by, this.drag.to + by);
        }
      }
      this.cross = { ...at, time: Math.min(this.to, Math.max(this.from, this.frame.time(at.x))) };
      return this.redraw();
    });
    const up = (event) => {
      if (!pointers.delete(event.pointerId)) return;
      if (event.type === "pointerup" && this.drag && !this.drag.far) {
        const at = place(event);
        this.cross = { ...at, time: this.frame.time(at.x) };
        this.open();
      }
      plot.classList.remove("dragging");
      this.pinch = null;
      this.drag = pointers.size > 0 ? { far: true } : null;
    };
    plot.addEventListener("pointerup", up);
    plot.addEventListener("pointercancel", up);
    plot.addEventListener("pointerleave", () => {
      if (pointers.size > 0) return;
      this.cross = null;
      this.redraw();
    });
    plot.addEventListener("wheel", (event) => {
      if (!this.frame) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan((event.deltaX * unit) / plot.clientWidth);
      else this.zoom(1.0016 ** (Math.max(-240, Math.min(240, event.deltaY * unit))), this.frame.time(place(event).x));
    }, { passive: false });
    plot.addEventListener("dblclick", (event) => this.zoom(0.4, this.frame?.time(place(event).x)));
    plot.addEventListener("keydown", (event) => {
      const act = this.keys(event);
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    new ResizeObserver(() => {
      this.redraw();
      if (this.stream) this.moved(false);
    }).observe(plot);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = palette();
      this.redraw();
    });
  }
  keys(event) {
    return {
      ArrowLeft: () => (event.shiftKey ? this.step(-1) : this.pan(-0.15)),
      ArrowRight: () => (event.shiftKey ? this.step(1) : this.pan(0.15)),
      "+": () => this.zoom(0.6),
      "=": () => this.zoom(0.6),
      "-": () => this.zoom(1 / 0.6),
      _: () => this.zoom(1 / 0.6),
      0: () => this.fit(),
      Home: () => this.move(this.all[0], this.all[0] + this.to - this.from),
      End: () => this.move(this.all[1] - (this.to - this.from), this.all[1]),
      Enter: () => {
        if (this.cross === null) this.step(0);
        this.open();
      },
    }[event.key];
  }
  spread() {
    const [one, other] = [...this.pointers.values()];
    return { distance: Math.max(20, Math.abs(one.x - other.x)), middle: this.frame.time((one.x + other.x) / 2), from: this.from, to: this.to };
  }
  pinched() {
    const [one, other] = [...this.pointers.values()];
    const size = (this.pinch.to - this.pinch.from) * (this.pinch.distance / Math.max(20, Math.abs(one.x - other.x)));
    const { box } = this.frame;
    const share = ((one.x + other.x) / 2 - box.left) / (box.right - box.left);
    this.move(this.pinch.middle - size * share, this.pinch.middle + size * (1 - share));
  }
}

function legendEntry([shape, lane, text]) {
  const item = document.createElement("li");
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  if (shape !== "none") {
    const key = svg("svg", { viewBox: "0 0 18 10", "aria-hidden": "true", class: `lane-${lane}` });
    const drawn = {
      line: () => svg("path", { d: "M0 5H18", fill: "none", stroke: "var(--lane)", "stroke-width": 1.6 }),
      area: () => svg("rect", { width: 18, height: 10, fill: "var(--lane)", opacity: 0.2 }),
      "area-full": () => svg("rect", { x: 4, width: 10, height: 10, fill: "var(--lane)" }),
      ring: () => svg("circle", { cx: 9, cy: 5, r: 4, fill: "none", stroke: "var(--lane)", "stroke-width": 1.6 }),
      dot: () => svg("circle", { cx: 9, cy: 5, r: 4.6, fill: "var(--lane)" }),
    }[shape]();
    key.append(drawn);
    item.append(key);
  }
  item.append(text);
  return item;
}
