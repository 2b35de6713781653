// A person with ten years of data, and names as long as names get: for pictures, and for what breaks when there is much.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { begun } from "./harness.mjs";

const DAY = 86_400_000;
const FIRST = Date.UTC(2014, 0, 1);
const DAYS = 3652;
const PASSPHRASE = "ten years of one life";
export const LONG_NAME = "Maria-Magdalena Ottilie Freifrau von Hohenlohe-Waldenburg-Schillingsfürst";
const LONG_FILE = "everything that was ever written down about how the evenings went, final version (2) of the copy.csv";
const LONG_STREAM = "custom.how_the_evening_went_on_a_scale_from_one_to_ten_with_everything_considered";

/** Noise that is the same every time. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
const stamp = (at) => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} +0000`;

function health(file) {
  const chance = random(7);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<HealthData locale="en_GB">'];
  const record = (type, unit, from, to, value) =>
    lines.push(` <Record type="${type}" sourceName="Watch of a very long name indeed, second edition" unit="${unit}" creationDate="${stamp(to)}" startDate="${stamp(from)}" endDate="${stamp(to)}" value="${value}"/>`);
  for (let day = 0; day < DAYS; day += 1) {
    const midnight = FIRST + day * DAY;
    const season = Math.sin((day / 365.25) * 2 * Math.PI);
    for (let hour = 0; hour < 24; hour += 1) {
      const awake = hour > 6 && hour < 23;
      const at = midnight + hour * 3_600_000 + Math.floor(chance() * 3000) * 1000;
      record("HKQuantityTypeIdentifierHeartRate", "count/min", at, at, Math.round(58 - day / 1000 + 4 * season + (awake ? 14 : 0) + chance() * 18));
      if (awake) record("HKQuantityTypeIdentifierStepCount", "count", at, at + 600_000, Math.round(chance() * 900));
    }
    let at = midnight - 3_600_000 + Math.floor(chance() * 5400) * 1000;
    for (const stage of ["AsleepCore", "AsleepDeep", "AsleepCore", "AsleepREM", "Awake", "AsleepCore", "AsleepREM"]) {
      const end = at + Math.floor(2400 + chance() * 3600) * 1000;
      record("HKCategoryTypeIdentifierSleepAnalysis", "", at, end, `HKCategoryValueSleepAnalysis${stage}`);
      at = end;
    }
    if (day % 7 === 0) record("HKQuantityTypeIdentifierBodyMass", "kg", midnight + 7 * 3_600_000, midnight + 7 * 3_600_000, (72 + 3 * Math.sin(day / 500) + chance()).toFixed(1));
  }
  writeFileSync(file, [...lines, "</HealthData>"].join("\n"));
}
function evenings(file) {
  const chance = random(11);
  const rows = Array.from({ length: DAYS }, (_, day) => `${new Date(FIRST + day * DAY + 20 * 3_600_000).toISOString()},${Math.round(1 + chance() * 9)}`);
  writeFileSync(file, `time,value\n${rows.join("\n")}\n`);
}

/** A running twin of that person, and a browser's session with it. */
export async function decade(dir, browser) {
  const person = await begun(dir, browser, LONG_NAME, PASSPHRASE);
  const [export_, table] = [path.join(dir, "export.xml"), path.join(dir, LONG_FILE)];
  health(export_);
  evenings(table);
  person.run("import", export_);
  person.run("import", table, "--csv-stream", LONG_STREAM, "--csv-time", "time", "--csv-value", "value", "--csv-unit", "1");
  return person;
}
