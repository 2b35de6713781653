// Where one observation comes from, all the way down to the signature.

import { ask } from "./ask.js";
import { eventText, moment, number, title, unit, wallOf, whole, withUnit } from "./words.js";

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
const mono = (text) => element("span", "mono", text);

function valueText({ value, unit: ucum }) {
  if (value.number !== undefined) return withUnit(number(value.number), ucum);
  if (value.position) return `${number(value.position.lat, 0.00001)}°, ${number(value.position.lon, 0.00001)}°`;
  if (value.event !== undefined) {
    try {
      return eventText(JSON.parse(value.event));
    } catch {
      return value.event;
    }
  }
  return value.category !== undefined ? title(value.category) : (value.text ?? "–");
}

function rows(...pairs) {
  const list = element("dl", "");
  for (const [term, words, className] of pairs) {
    if (words === null || words === undefined || words === "") continue;
    list.append(element("div", "", element("dt", "", term), element("dd", className ?? "", words)));
  }
  return list;
}
const column = (name, list) => element("div", "", element("h4", "over", name), list);

function source(from) {
  const version = from.app_version ? `${from.app} ${from.app_version}` : from.app;
  const device = [from.manufacturer, from.device ?? from.model ?? from.hardware].filter(Boolean).join(" ");
  return [
    ["Recorded by", version || "not named in the file"],
    ["Device", device],
    ["Firmware", from.firmware],
    ["Calibration", from.calibration],
    ["Sampling", from.sampling],
    ["Accuracy", from.accuracy],
    ["Converted", from.converted_from ? `from ${unit(from.converted_from) || from.converted_from}` : null],
    ["Entered", from.entered_by_hand ? "by hand" : null],
  ];
}

const readable = (rfc3339) => {
  const zone = /(Z|[+-]\d\d:\d\d)$/.exec(rfc3339)?.[1];
  return `${moment(wallOf(rfc3339))}${zone ? ` ${zone === "Z" ? "UTC" : zone.replace("-", "−")}` : ""}`;
};
const short = (text) => (text.length > 24 ? `${text.slice(0, 12)}…${text.slice(-6)}` : text);

// Shows the observation nearest to a wall-clock time, and returns its own.
export async function show(panel, stream, time, on) {
  const found = await ask("observation.show@1", { stream: stream.id, time });
  const { observation, file, commit } = found;
  const heading = element("h3", "", element("span", "numbers", valueText(observation)), element("span", "quiet", ` on ${readable(found.time)}`));
  heading.id = "provenance-title";
  const save = element("button", "save", "Save proof");
  save.type = "button";
  const close = element("button", "plain", "Close");
  close.type = "button";
  close.addEventListener("click", on.close);
  const said = element("p", "saved");
  said.setAttribute("role", "status");
  save.addEventListener("click", () => saveProof(stream, found.time, save, said));

  const interval = found.end === found.time ? null : readable(found.end);
  const code = found.code ? `${found.code.system} ${found.code.code}` : null;
  panel.replaceChildren(
    element("div", "provenance-head", heading, element("div", "actions", save, close)),
    element(
      "div", "columns",
      column("What", rows(
        ["Stream", stream.label], ["Unit", unit(observation.unit) ? `${unit(observation.unit)} (UCUM ${observation.unit})` : `UCUM ${observation.unit}`],
        ["Until", interval], ["Code", code],
        ["Others", found.same_time > 0 ? `${found.same_time} more of this stream at this very moment` : null],
        ...source(observation.source),
      )),
      column("From where", rows(
        ["File", file.name], ["Format", file.format.replaceAll("_", " ")], ["At byte", `${whole(found.position)}${file.bytes ? ` of ${whole(file.bytes)}` : ""}`],
        ["Digest", file.digest ? digest(file.digest) : null], ["Imported", readable(found.imported)],
      )),
      column("How it is sealed", rows(
        ["Signature", found.verified ? "Verified just now, up to the signed root" : "Does not hold: run `twin verify`", found.verified ? "yes" : "no"],
        ["Commit", `no. ${whole(commit.seq)}, ${readable(commit.time)}`], ["Digest", digest(commit.digest)],
        ["Device", digest(commit.device)], ["Object", digest(found.object)], ["Leaf", `${whole(found.index + 1)} of ${whole(found.of)}`],
      )),
    ),
    said,
  );
  panel.hidden = false;
  return wallOf(found.time);
}

function digest(text) {
  const shown = mono(short(text));
  shown.title = text;
  return shown;
}

async function saveProof(stream, time, button, said) {
  button.disabled = true;
  try {
    const { proof, bytes, says } = await ask("proof.inclusion@1", { stream: stream.id, time });
    const raw = atob(proof.replaceAll("-", "+").replaceAll("_", "/"));
    const file = new Blob([Uint8Array.from(raw, (c) => c.charCodeAt(0))], { type: "application/octet-stream" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = `${stream.id}-${time.slice(0, 19).replaceAll(":", "")}.twinproof`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    said.textContent = `Saved ${whole(bytes)} bytes: ${says}. Anyone can check it with \`twin check\`.`;
  } catch (error) {
    said.textContent = `No proof: ${error.message}`;
  }
  button.disabled = false;
}
