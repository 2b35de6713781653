// What one row of a picture says in words.

import type { StreamInfo } from "../api/types";
import { t } from "../i18n/index.svelte";
import { DAY, HOUR, MINUTE, clock, moment, number, range, title, whole, withUnit } from "../words";
import type { Picture } from "./picture";

/** When, and what. */
export function reading(picture: Picture, at: number, stream: StreamInfo): [string, string] {
  const time = picture.time[at];
  const bucket = "bucket" in picture ? picture.bucket : 0;
  const when = bucket >= DAY ? range(time, time + bucket) : moment(time);
  const value = (n: number) => withUnit(number(n), stream.unit);
  switch (picture.form) {
    case "band":
      if (picture.count[at] === 1) return [when, value(picture.mean[at])];
      return [when, t("timeline.band", { mean: value(picture.mean[at]), min: number(picture.min[at]), max: number(picture.max[at]), n: whole(picture.count[at]) })];
    case "dots":
      return [when, value(picture.value[at])];
    case "bars":
      return [when, picture.counts ? t("timeline.entries", { n: picture.value[at] }) : value(picture.value[at])];
    case "stack":
      return [when, picture.rows.map((row, i) => [row, picture.parts[at][i]] as const).filter(([, hours]) => hours > 0).map(([row, hours]) => `${title(row)} ${number(hours, 0.1)} h`).join(", ")];
    case "spans":
      return [`${moment(time)} – ${clock(picture.end[at])}`, title(picture.label[at])];
    case "marks":
      return [when, picture.label[at]];
    case "track":
      return [when, `${number(picture.lat[at], 0.0001)}°, ${number(picture.lon[at], 0.0001)}°`];
    default:
      return [when, ""];
  }
}

/** The width of a bucket in words; empty where every observation is shown. */
export function resolution(picture: Picture | null): string {
  const ms = picture && "bucket" in picture ? picture.bucket : 0;
  const units = [[7 * DAY, "week"], [DAY, "day"], [HOUR, "hour"], [MINUTE, "minute"], [1000, "second"]] as const;
  for (const [size, name] of units) if (ms >= size && ms % size === 0) return t(`per.${name}`, { n: ms / size });
  return "";
}
