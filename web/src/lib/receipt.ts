// A receipt in words.

import type { Receipt } from "./api/types";
import { t } from "./i18n/index.svelte";
import { labelName } from "./i18n/twin.svelte";
import { short } from "./words";

/** Who asked. `known` names the twins that are contacts, `sources` those that deliver files. */
export function who({ principal }: Receipt, thisDevice?: string, sources: Map<string, string> = new Map(), known: Map<string, string> = new Map()): string {
  if (typeof principal === "string") return t("receipts.anonymous");
  if ("twin" in principal && known.has(principal.twin)) return known.get(principal.twin) as string;
  if ("twin" in principal) return sources.has(principal.twin) ? t("receipts.source", { name: sources.get(principal.twin) as string }) : t("receipts.twin", { did: short(principal.twin, 18, 6) });
  return principal.device.device === thisDevice ? t("receipts.this") : t("receipts.device", { did: short(principal.device.device, 18, 6) });
}
export const isOwner = ({ principal }: Receipt): boolean => typeof principal !== "string" && "device" in principal;
export const allowed = ({ decision }: Receipt): boolean => "allowed" in decision;
export function outcome({ outcome: end, decision }: Receipt): string {
  if ("denied" in decision) {
    const { because } = decision.denied;
    return labelName(String(typeof because === "object" && because !== null ? Object.keys(because)[0] : because)).replaceAll("_", " ");
  }
  return "failed" in end ? t("receipts.failed", { code: end.failed.code }) : t("receipts.items", { n: end.ok.items });
}
/** The contract under which it was allowed; none for the owner's own. */
export function contractOf({ decision }: Receipt): string | null {
  const because = "allowed" in decision ? decision.allowed.because : null;
  return typeof because === "object" && because !== null && "contract" in because ? because.contract : null;
}
export function streams({ streams: list, stream_count: count }: Receipt): string {
  if (list.length === 0) return count === null || count === undefined ? t("receipts.all") : "–";
  const more = (count ?? list.length) - list.length;
  return list.join(", ") + (more > 0 ? ` +${more}` : "");
}
