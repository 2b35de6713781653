// How the twin understood a question, in the owner's words: from what is typed, so that it reads well in every language.

import type { ChangeBy, Intervention, Reading } from "./api/types";
import { t } from "./i18n/index.svelte";
import { nameIn } from "./i18n/twin.svelte";
import { here } from "./state.svelte";
import { number, withUnit } from "./words";

function changed(stream: string, by: ChangeBy): string {
  const what = nameIn(here.streams, stream, stream.replaceAll("_", " "));
  const unit = here.streams.find((one) => one.id === stream)?.unit ?? "";
  const amount = withUnit(number(Math.abs(by.value)), unit);
  if (by.by === "times") return t("told.times", { what, times: number(by.value) });
  if (by.by === "set") return t("told.set", { what, amount });
  return t(by.value < 0 ? "told.less" : "told.more", { what, amount });
}

export function interventionTold(one: Intervention): string {
  switch (one.kind) {
    case "stream":
      return changed(one.stream, one.change);
    case "meal": {
      const meal = one.grams === null || one.grams === undefined ? t("told.meal.last") : t("told.meal", { amount: withUnit(number(one.grams), "g") });
      return one.in_both ? t("told.both", { what: meal }) : meal;
    }
    case "insulin":
      return t(one.units < 0 ? "told.insulin.less" : "told.insulin.more", { amount: withUnit(number(Math.abs(one.units)), "[iU]") });
    case "bedtime":
      return t(one.minutes < 0 ? "told.earlier" : "told.later", { amount: withUnit(number(Math.abs(one.minutes)), "min") });
    case "connection":
      return t("told.connection", { from: one.from, to: one.to, times: number(one.factor) });
  }
}

/** The reading as one sentence. */
export function told(reading: Reading): string {
  const { interventions, some_connection: some, outcome, horizon } = reading;
  const parts = interventions.map(interventionTold);
  if (some !== null && some !== undefined) parts.push(t("told.some", { times: number(some) }));
  if (parts.length === 0) parts.push(t("told.nothing"));
  if (outcome) parts.push(t("told.asked", { what: nameIn(here.streams, outcome, outcome.replaceAll("_", " ")) }));
  if (horizon) parts.push(t("told.ahead", { time: horizon }));
  return parts.join("; ");
}
