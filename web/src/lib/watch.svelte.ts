// What the frame watches for while any screen is open: messages that nobody has seen, offers that wait for an answer, and
// somebody who asks for what guardians keep.

import { ask } from "./api/door";
import type { ClaimShown, ContractShown, GuardiansAnswer } from "./api/types";
import { talk } from "./talk.svelte";

const AGAIN = 60_000;
/** An offer may wait: some minutes are soon enough. */
const SELDOM = 5;

class Watch {
  claims = $state.raw<ClaimShown[]>([]);
  offers = $state(0);
  #turn = 0;

  get unread(): number {
    return talk.unread;
  }
  /** Requests that want the owner's word: about their own twin first. */
  get alarms(): ClaimShown[] {
    return this.claims.filter((one) => (one.mine ? ["unclear", "unapproved", "early", "waiting", "ready"] : ["unclear", "unapproved"]).includes(one.state)).sort((a, b) => Number(b.mine) - Number(a.mine));
  }
  async look(): Promise<void> {
    const seldom = this.#turn % SELDOM === 0 ? [this.lookForOffers()] : [];
    this.#turn += 1;
    await Promise.allSettled([talk.read(), this.lookForClaims(), ...seldom]);
  }
  async lookForClaims(): Promise<void> {
    this.claims = (await ask<GuardiansAnswer>("guardians.list@1")).claims;
  }
  async lookForOffers(): Promise<void> {
    this.takeOffers(await ask<ContractShown[]>("contracts.list@1"));
  }
  takeOffers(contracts: ContractShown[]): void {
    this.offers = contracts.filter((one) => one.state === "offered" && !one.granted).length;
  }
  /** Looks now, and from time to time while the window is looked at. Returns what ends it. */
  begin(): () => void {
    void this.look();
    const timer = setInterval(() => document.visibilityState === "visible" && void this.look(), AGAIN);
    return () => clearInterval(timer);
  }
}

export const watch = new Watch();
