// The list of streams, each with the shape of its whole life.

import { sparkline } from "./window.js";
import { lane, number, span, unit, whole } from "./words.js";

const AT_ONCE = 3;
const SVG = "http://www.w3.org/2000/svg";

export function prepared(streams) {
  return streams.map((stream) => ({ ...stream, lane: lane(stream.id) }));
}

const KINDS = { reading: "readings", total: "entries", category: "spans", text: "texts", position: "places", event: "events" };
export const sizeOf = (stream) => `${whole(stream.count)} ${KINDS[stream.kind] ?? "observations"}`;

export function list(element, streams, choose) {
  const waiting = [];
  element.replaceChildren(...streams.map((stream) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = `lane-${stream.lane}`;
    button.dataset.stream = stream.id;
    const words = document.createElement("span");
    words.append(
      text("label", stream.label),
      text("small", [unit(stream.unit), sizeOf(stream)].filter(Boolean).join(" · ")),
      text("small span", `${year(stream.first)} – ${year(stream.last)}, ${span(...stream.span)}`),
    );
    const spark = document.createElementNS(SVG, "svg");
    spark.setAttribute("viewBox", "0 0 84 32");
    spark.setAttribute("preserveAspectRatio", "none");
    spark.setAttribute("aria-hidden", "true");
    button.append(words, spark);
    button.addEventListener("click", () => choose(stream.id));
    item.append(button);
    waiting.push([stream, spark]);
    return item;
  }));
  const next = async () => {
    const [stream, spark] = waiting.shift() ?? [];
    if (!stream) return;
    // A list without its small pictures is still a list.
    await sparkline(stream).then((shape) => drawSpark(spark, shape), () => {});
    await next();
  };
  for (let i = 0; i < AT_ONCE; i += 1) next();
}

const year = (rfc3339) => `${rfc3339.slice(8, 10).replace(/^0/, "")} ${["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][rfc3339.slice(5, 7) - 1]} ${rfc3339.slice(0, 4)}`;

function text(className, words) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = words;
  return element;
}

function drawSpark(svg, { points, bars, gap }) {
  if (points.length === 0) return;
  const values = points.map(([, value]) => value);
  const high = Math.max(...values);
  const low = bars ? 0 : Math.min(...values);
  const x = (share) => Number((share * 84).toFixed(2));
  const y = (value) => Number((30 - (high > low ? (value - low) / (high - low) : 0.5) * 28).toFixed(2));
  const path = document.createElementNS(SVG, "path");
  if (bars) {
    path.setAttribute("class", "spark-bar");
    path.setAttribute("d", points.map(([at, value]) => `M${x(at) - 0.5} 30V${Math.min(29, y(value))}h1V30z`).join(""));
  } else {
    path.setAttribute("class", "spark-line");
    path.setAttribute("vector-effect", "non-scaling-stroke");
    path.setAttribute("d", points.map(([at, value], i) => `${i > 0 && at - points[i - 1][0] <= gap ? "L" : "M"}${x(at)} ${y(value)}`).join(""));
  }
  svg.replaceChildren(path);
}

export function mark(element, id) {
  for (const button of element.querySelectorAll("button")) {
    if (button.dataset.stream === id) {
      button.setAttribute("aria-current", "true");
      const strip = element.scrollWidth > element.clientWidth;
      if (strip) element.scrollTo({ left: button.parentElement.offsetLeft - 16 });
    } else button.removeAttribute("aria-current");
  }
}

export { number };
