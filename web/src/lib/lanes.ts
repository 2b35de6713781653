// Which streams lie beside each other on the timeline, and in which colour.

import type { StreamInfo } from "./api/types";

export const COLOURS = ["blue", "vermillion", "green", "purple", "amber", "sky", "rose", "slate"] as const;
export type Colour = (typeof COLOURS)[number];

export type Group = "sleep" | "heart" | "glucose" | "activity" | "body" | "mind" | "place" | "other";
const GROUPS: [RegExp, Group, Colour][] = [
  [/^heart|pressure|oxygen|^hrv|breath|respirat/, "heart", "vermillion"],
  [/glucose|diet|insulin/, "glucose", "purple"],
  [/sleep/, "sleep", "blue"],
  [/step|distance|energy|flights|exercise|activity|cadence|workout|power|stand|intensity/, "activity", "green"],
  [/mass|body|weight|height|waist|temperature/, "body", "amber"],
  [/mind|mood|note/, "mind", "rose"],
  [/location|place|speed|elevation/, "place", "sky"],
];
export const groupOf = (id: string): Group => GROUPS.find(([pattern]) => pattern.test(id))?.[1] ?? "other";
export const colourOf = (id: string): Colour => GROUPS.find(([pattern]) => pattern.test(id))?.[2] ?? "slate";

/** Streams that stand for their group, best first. */
const FACES: Record<Group, string[]> = {
  sleep: ["sleep_stage", "sleep_minutes"], heart: ["heart_rate", "heart_rate_resting"], glucose: ["glucose"], activity: ["steps", "energy_active"],
  body: ["body_mass"], mind: ["mood"], place: ["location"], other: [],
};
export const ORDER: Group[] = ["sleep", "heart", "glucose", "activity", "place", "mind", "body", "other"];

/** One stream of each group that has data: what a timeline opens with. */
export function faces(streams: StreamInfo[]): string[] {
  return ORDER.filter((group) => group !== "other").flatMap((group) => {
    const here = streams.filter((stream) => groupOf(stream.id) === group);
    const face = FACES[group].map((id) => here.find((stream) => stream.id === id)).find(Boolean) ?? [...here].sort((a, b) => b.count - a.count)[0];
    return face ? [face.id] : [];
  });
}

const TINTS: Record<string, Colour> = { awake: "amber", rem: "purple", light: "sky", core: "sky", asleep: "sky", deep: "blue", in_bed: "slate" };
/** The colour of one label of a category. */
export const tint = (label: string, at: number): Colour => TINTS[label] ?? COLOURS[at % COLOURS.length];
