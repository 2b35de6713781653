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

test("a friend gives room, keeps shares, and shows that they are there", async (t) => {
  const [a, b] = [await open(t, ann), await open(t, ben)];
  await visit(b.page, ben.origin, "protect");
  await b.page.selectOption("#spacewho", { label: "Ann" });
  await b.page.click("button:text-is('Offer')");
  await b.page.waitForSelector("text=/you give/");
  await sound(b, "room offered");
  await visit(a.page, ann.origin, "protect");
  await a.page.waitForSelector("text=/offers you room/");
  await a.page.click("button:text-is('Accept')");
  await a.page.waitForSelector("text=/gives you/");
  await a.page.fill("#need", "1");
  await a.page.fill("#lose", "0");
  await a.page.click("button:text-is('Keep it so')");
  await a.page.waitForSelector("figure li:has-text('Ben')");
  await a.page.click("button:text-is('Spread now')");
  await a.page.waitForSelector("figure li:has-text('has all its shares')", { timeout: 60_000 });
  await a.page.click("button:text-is('Let them show what they keep')");
  await a.page.waitForSelector("text=/shown to be there just now/", { timeout: 60_000 });
  await sound(a, "ring");
  await a.page.setViewportSize(PHONE);
  await sound(a, "ring, phone");
});

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

test("somebody who claims a twin rings an alarm with its owner, who stops it, and with the guardian, who sees that", async (t) => {
  const dan = await begun(dir, browser, "Dan", "Dan's long passphrase");
  t.after(() => dan.stop());
  const [a, b, thief] = [await open(t, ann), await open(t, ben, { viewport: PHONE, colorScheme: "dark" }), await open(t, dan)];
  // Naming heirs has begun a new round: the guardian says yes once more.
  const { wards } = await door(b, "guardians.list@1");
  if (wards[0].state === "asking") await door(b, "guardians.accept@1", { ward: wards[0].did });
  await pairQuickly(b, thief);
  const begunClaim = await door(thief, "recovery.begin@1", { who: "Ann" });
  const claimed = async (person) => {
    for (let tries = 0; tries < 60 && (await door(person, "guardians.list@1")).claims.length === 0; tries += 1) {
      await door(thief, "recovery.status@1");
      await person.page.waitForTimeout(300);
    }
  };
  await claimed(b);
  // The guardian is asked on any screen, and gives nothing for wrong digits.
  await visit(b.page, ben.origin, "today");
  await b.page.waitForSelector(".alarm");
  await sound(b, "alarm of a guardian, phone");
  await b.page.click(".alarm a");
  await b.page.waitForSelector("h2:has-text('Ann asks for a recovery phrase')");
  assert.match(begunClaim.digits, /\d/);
  await b.page.fill(".claim input", "000 000 000 000");
  await b.page.click("button:text-is('It is them')");
  await b.page.waitForSelector(".said .bad");
  await sound(b, "a claim, phone");
  // The owner's own twin was told at once.
  await claimed(a);
  await visit(a.page, ann.origin, "timeline");
  await a.page.waitForSelector(".alarm.mine");
  await sound(a, "alarm");
  await a.page.click(".alarm a");
  await a.page.waitForSelector(".claim.mine");
  await sound(a, "a claim on oneself");
  await a.page.click("button:text-is('That is not me: stop it')");
  await a.page.waitForSelector(".alarm", { state: "detached" });
  await b.page.waitForSelector("text=/earlier request/", { timeout: 60_000 });
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

test("own devices are listed, and a ticket lets a computer look", async (t) => {
  const a = await open(t, ann, { viewport: PHONE });
  await visit(a.page, ann.origin, "protect?part=keys");
  await a.page.waitForSelector("li:has-text('writes the journal')");
  await a.page.click("button:text-is('Add a machine')");
  await a.page.fill("#devicewords", cleo.words.join(" "));
  await a.page.click("button:text-is('Go on')");
  await a.page.waitForSelector(".said .bad");
  await sound(a, "somebody else's words");
  await visit(a.page, ann.origin, "protect?part=keys");
  await a.page.click("button:text-is('Let a computer open this page')");
  await a.page.waitForSelector("[data-testid=ticket]");
  await sound(a, "a ticket for a viewer");
  // It is no ticket for other people's twins, and theirs are not shown here.
  await visit(a.page, ann.origin, "people");
  assert.equal(await a.page.locator("[data-testid=ticket]").count(), 0);
});

test("everything that is kept is said in German too", async (t) => {
  const a = await open(t, ann, { locale: "de-DE" });
  for (const part of ["copies", "guardians", "witnesses", "keys"]) {
    await visit(a.page, ann.origin, `protect?part=${part}`);
    assert.doesNotMatch(await a.page.textContent("#app"), /\b(ring|copies|space|guard|claim|heirs|rehearse|witness|protect)\.[a-z]+\b(?!@)/, part);
  }
});
