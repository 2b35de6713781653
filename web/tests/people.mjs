// Two people whose twins meet, as they would with their own hands.

import assert from "node:assert/strict";
import { settled, visit } from "./harness.mjs";

/** `ann` invites, `ben` comes with the ticket's text; both compare, and keep each other under these names. */
export async function pairThem(ann, ben, called = {}) {
  await visit(ann.page, ann.origin, "people");
  if (await ann.page.locator("button[aria-controls=pairing]").count()) await ann.page.click("button[aria-controls=pairing]");
  await ann.page.click("button:text-is('Make a ticket')");
  await ann.page.waitForSelector("[data-testid=ticket]");
  const ticket = await ann.page.textContent("[data-testid=ticket]");
  assert.match(ticket, /^twin-/);
  await called.waiting?.();
  await visit(ben.page, ben.origin, "people");
  if (await ben.page.locator("button[aria-controls=pairing]").count()) await ben.page.click("button[aria-controls=pairing]");
  // As it comes out of a message: broken over lines.
  await ben.page.fill("#ticket", `  ${ticket.slice(0, 50)}\n${ticket.slice(50)} `);
  await ben.page.click("button:text-is('Go there')");
  const digits = await Promise.all([ann, ben].map(async ({ page }) => {
    await page.waitForSelector("[data-testid=digits]");
    return (await page.textContent("[data-testid=digits]")).replace(/\D/g, "");
  }));
  assert.match(digits[0], /^\d{6}$/);
  assert.equal(digits[0], digits[1]);
  await called.compare?.();
  await ann.page.click("button:text-is('They are the same')");
  await ann.page.waitForSelector("text=You have said yes");
  await ben.page.click("button:text-is('They are the same')");
  for (const [{ page }, other] of [[ann, ben], [ben, ann]]) {
    await page.waitForSelector("text=You are in contact");
    if (other.name) await page.fill("#theirname", other.name);
    await page.click("button:text-is('Keep')");
    await page.waitForSelector("main h1 .name");
    await settled(page);
  }
}

/** `ann` lets `ben` see a stream by the day, and `ben` accepts. */
export async function offerIt(ann, ben, called = {}) {
  await ann.page.click("text=Let them see something");
  await ann.page.waitForSelector("#filter");
  await ann.page.fill("#filter", "heart");
  await ann.page.getByLabel("Heart rate", { exact: true }).check();
  await ann.page.fill("#purpose", "training together");
  await ann.page.selectOption("#rate", "ten");
  await ann.page.waitForSelector("[data-testid=seen] canvas");
  await called.offer?.();
  await ann.page.click("button:has-text('Offer it to')");
  await ann.page.waitForSelector("text=/sees nothing before they accept/");
  await visit(ben.page, ben.origin, "consents");
  await ben.page.waitForSelector(".waiting a");
  await called.waiting?.();
  await ben.page.click(".waiting a");
  await ben.page.click("button:text-is('Accept')");
  await ben.page.waitForSelector("text=/In force since/");
}

/** Asks a twin's door from its own page. */
export const door = ({ page }, name, params = {}) => page.evaluate(async ([name, params]) => {
  const reply = await fetch(`/api/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(params) });
  const body = await reply.json();
  if (!reply.ok) throw new Error(`${name}: ${body.message}`);
  return body;
}, [name, params]);

/** The same as [`pairThem`], without hands: for tests of what comes after. */
export async function pairQuickly(one, other) {
  const after = async (person, pairing, states) => {
    for (;;) {
      const [now] = await door(person, "pair.list@1", { pairing, unless: states[0] });
      if (!states.includes(now.state)) return now;
    }
  };
  const [invited] = await door(one, "pair.invite@1");
  const [joined] = await door(other, "pair.join@1", { ticket: invited.ticket });
  const [here, there] = await Promise.all([after(one, invited.pairing, ["waiting", "knocking"]), after(other, joined.pairing, ["knocking"])]);
  assert.equal(here.digits, there.digits);
  await Promise.all([door(one, "pair.confirm@1", { pairing: here.pairing, same: true }), door(other, "pair.confirm@1", { pairing: there.pairing, same: true })]);
  for (const [person, pairing] of [[one, here.pairing], [other, there.pairing]]) {
    let now = await after(person, pairing, ["compare", "said"]);
    while (now.state === "said") now = await after(person, pairing, ["said"]);
    assert.equal(now.state, "done", now.words);
  }
}
