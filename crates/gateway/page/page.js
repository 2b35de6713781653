// The page: asks how the twin is, lists its streams, and lets one of them be looked at.

import { ask } from "./ask.js";
import { list, mark, prepared, sizeOf } from "./streams.js";
import { show } from "./provenance.js";
import { Timeline } from "./timeline.js";
import { unit, wallText, whole } from "./words.js";

const $ = (id) => document.getElementById(id);
let streams = [];
let current = null;
let timeline = null;

function outside(heading, words, code = "") {
  $("twin").hidden = true;
  $("end").hidden = true;
  $("notices").replaceChildren();
  $("outside-title").textContent = heading;
  $("outside-text").textContent = words;
  $("outside-code").textContent = code;
  $("outside-code").hidden = code === "";
  $("outside").hidden = false;
}

function failed(error) {
  if (error.status === 401) {
    outside("This window is not signed in.", "A link lets one browser in, once. Start the server again for a fresh one, and open the address that it prints:", "twin up");
  } else if (error.status === 0) outside("The twin does not answer.", "It may have been stopped. Start it again, and open the address that it prints:", "twin up");
}

const shortDid = (did) => (did.length > 28 ? `${did.slice(0, 16)}…${did.slice(-6)}` : did);

function fromHash() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const whole = (name) => (/^-?\d{1,15}$/.test(asked.get(name) ?? "") ? Number(asked.get(name)) : null);
  const [from, to] = [whole("from"), whole("to")];
  const window = from !== null && to !== null && from < to ? [from, to] : [null, null];
  return { stream: streams.find((one) => one.id === asked.get("stream")), window };
}

let hashTimer = 0;
function toHash(from, to) {
  clearTimeout(hashTimer);
  hashTimer = setTimeout(() => history.replaceState(null, "", `#stream=${current.id}&from=${from}&to=${to}`), 250);
}

function closeProvenance() {
  $("provenance").hidden = true;
  timeline.pinAt(null);
  $("plot").focus({ preventScroll: true });
}

function choose(id, from = null, to = null) {
  current = streams.find((one) => one.id === id);
  if (!current) return;
  mark($("streams"), id);
  $("title").textContent = current.label;
  const measured = { total: "summed up", category: "as spans of time", position: "on the ground" }[current.kind] ?? "";
  $("subtitle").textContent = [[unit(current.unit), measured].filter(Boolean).join(", "), sizeOf(current), current.sources.slice(0, 2).join("; ") + (current.sources.length > 2 ? ` and ${current.sources.length - 2} more` : "")].filter(Boolean).join(" · ");
  $("plot").setAttribute("aria-label", `Timeline of ${current.label}`);
  $("provenance").hidden = true;
  document.title = `${current.label} · Didymos`;
  timeline.show(current, from, to);
}

async function openProvenance(time) {
  const [panel, stream] = [$("provenance"), current];
  try {
    const found = await show(panel, stream, wallText(time), { close: closeProvenance });
    if (stream === current) timeline.pinAt(found);
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
    if (panel.getBoundingClientRect().top > window.innerHeight - 120) panel.scrollIntoView({ block: "nearest" });
  } catch (error) {
    failed(error);
    const words = document.createElement("p");
    words.className = "sentence";
    words.textContent = error.message;
    panel.replaceChildren(words);
    panel.hidden = false;
  }
}

function notices(status) {
  $("notices").replaceChildren(...status.notices.map((notice) => {
    const line = document.createElement("p");
    line.textContent = notice.replaceAll("`", "");
    return line;
  }));
}

async function start() {
  const [status, all] = await Promise.all([ask("twin.status@1"), ask("streams.list@1")]);
  // A used link with a live session behind it is no place to stay.
  if (location.pathname !== "/") history.replaceState(null, "", `/${location.hash}`);
  streams = prepared(all);
  $("did").textContent = shortDid(status.did);
  $("did").title = status.did;
  $("size").textContent = `${whole(status.observations)} observations in ${whole(status.commits)} signed commits`;
  $("end").hidden = false;
  notices(status);
  if (streams.length === 0) return outside("Nothing here yet.", "Bring in an export of your watch, phone or sensor, then reload this page:", "twin import export.zip");
  $("twin").hidden = false;
  const plot = { plot: $("plot"), canvas: $("canvas"), empty: $("empty"), legend: $("legend"), readout: $("readout"), rangeText: $("range") };
  timeline = new Timeline(plot, { window: toHash, open: openProvenance, failed });
  const asked = fromHash();
  choose((asked.stream ?? streams[0]).id, ...(asked.stream ? asked.window : []));
  list($("streams"), streams, choose);
  mark($("streams"), current.id);
  return undefined;
}

$("in").addEventListener("click", () => timeline?.zoom(0.5));
$("out").addEventListener("click", () => timeline?.zoom(2));
$("fit").addEventListener("click", () => timeline?.fit());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("provenance").hidden) closeProvenance();
});
window.addEventListener("hashchange", () => {
  const asked = fromHash();
  if (asked.stream && timeline) choose(asked.stream.id, ...asked.window);
});
$("end").addEventListener("click", async () => {
  await ask("session/end").catch(() => {});
  outside("This session is over.", "Nothing of yours stays in this browser. To come back, open a fresh link:", "twin up");
});

start().catch((error) => {
  failed(error);
  if ($("outside").hidden) outside("Something went wrong.", error.message);
});
