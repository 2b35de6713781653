// Real twins that keep things for each other: room and shares, guardians and heirs, witnesses.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PHONE, begun, folder, forget, launch, violations, visit, window_ } from "./harness.mjs";
import { door, pairQuickly } from "./people.mjs";

let [dir, browser, ann, ben, cleo] = [];
before(async () => {
  dir = folder();
  browser = await launch();
  [ann, ben, cleo] = await Promise.all(["Ann", "Ben", "Cleo"].map((name) => begun(dir, browser, name, `${name}'s long passphrase`)));
  const people = await Promise.all([ann, ben, cleo].map((one) => open(null, one)));
  for (const [one, other] of [[0, 1], [0, 2], [1, 2]]) await pairQuickly(people[one], people[other]);
  for (const { page } of people) await page.context().close();
});
after(async () => {
  await browser?.close();
  await Promise.all([ann, ben, cleo].map((one) => one?.stop()));
  forget(dir);
});
const open = async (t, person, options = {}) => {
  const page = await window_(t, browser, person.origin, { storageState: person.cookies, ...options });
  await visit(page, person.origin, "people");
  return { ...person, page };
};
const sound = async ({ page }, what) => {
  assert.deepEqual(await violations(page), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${what}: ${wide} pixels stick out`);
};

test("guardians take their piece, a rehearsal opens nothing, and heirs are named", async (t) => {
  const [a, b, c] = [await open(t, ann), await open(t, ben), await open(t, cleo, { viewport: PHONE, colorScheme: "dark" })];
  await visit(a.page, ann.origin, "protect?part=guardians");
  await a.page.click("button:text-is('Choose guardians')");
  for (const name of ["Ben", "Cleo"]) await a.page.locator(".pick", { hasText: name }).click();
  await a.page.fill("#guardphrase", ann.words.join(" "));
  await sound(a, "choosing");
  await a.page.click("button:text-is('Give out the pieces')");
  await a.page.waitForSelector("svg[role=img]");
  for (const one of [b, c]) {
    await visit(one.page, one.origin, "protect?part=guardians");
    await one.page.waitForSelector("button:text-is('Be a guardian')");
    await sound(one, "asked");
    await one.page.click("button:text-is('Be a guardian')");
    await one.page.waitForSelector("text=/you hold a piece/");
  }
  await visit(a.page, ann.origin, "protect?part=guardians");
  await a.page.waitForSelector("text=/Any 2 of 2 guardians give you/");
  await a.page.click("button:text-is('Rehearse now')");
  await a.page.waitForSelector("text=/It would work/");
  await sound(a, "rehearsed");
  await a.page.click("button:text-is('Name heirs')");
  await a.page.selectOption("#heir-0", { label: "Cleo" });
  await a.page.fill("#letter-0", "Look after the garden.");
  await a.page.fill("#heirphrase", ann.words.join(" "));
  await sound(a, "naming heirs");
  await a.page.click("button:text-is('Leave it so')");
  await a.page.waitForSelector("text=/After 180 days without a sign of life/");
});

test("a witness signs how long the journal is", async (t) => {
  const a = await open(t, ann);
  await visit(a.page, ann.origin, "protect?part=witnesses");
  await a.page.selectOption("#witness", { label: "Ben" });
  await a.page.click("button:text-is('Name as a witness')");
  await a.page.waitForSelector("li:has-text('Ben')");
  await sound(a, "witnesses");
  const { witnesses } = await door(a, "witness.list@1");
  assert.equal(witnesses.length, 1);
});

test("everything that is kept is said in German too", async (t) => {
  const a = await open(t, ann, { locale: "de-DE" });
  for (const part of ["copies", "guardians", "witnesses", "keys"]) {
    await visit(a.page, ann.origin, `protect?part=${part}`);
    assert.doesNotMatch(await a.page.textContent("#app"), /\b(ring|copies|space|guard|claim|heirs|rehearse|witness|protect)\.[a-z]+\b(?!@)/, part);
  }
});
