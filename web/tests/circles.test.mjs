// Three real twins on this machine: their people write to each other, in twos and in a circle, and one leaves.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PHONE, begun, folder, forget, launch, settled, violations, visit, window_ } from "./harness.mjs";
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
const write = async ({ page }, text) => {
  await page.fill("#message", text);
  await page.press("#message", "Enter");
  await page.waitForFunction(() => document.querySelector("#message").value === "");
};
const didOf = async (person, name) => (await door(person, "contacts.list@1")).find((one) => one.name === name).did;

test("two people write to each other, and see what has arrived and was seen", async (t) => {
  const [a, b] = [await open(t, ann), await open(t, ben, { viewport: PHONE, colorScheme: "dark" })];
  await visit(a.page, ann.origin, `circles?with=${await didOf(a, "Ben")}`);
  await a.page.waitForSelector("text=/This is where you and Ben write/");
  await sound(a, "begin");
  await write(a, "Hello Ben, does it work?");
  await a.page.waitForSelector("ol .mine:has-text('does it work')");
  // It comes to Ben by itself, with a count beside the screen's name.
  await visit(b.page, ben.origin, "circles");
  await b.page.waitForSelector(".list a:has-text('does it work')");
  await sound(b, "list, phone");
  await b.page.click(".list a");
  await b.page.waitForSelector("[role=log] li:has-text('does it work')");
  await a.page.waitForSelector("[data-testid=delivery]:has-text('seen')");
  await b.page.locator("[role=log] .act").last().click();
  await write(b, "It does.\nAnd in two lines.");
  await a.page.waitForSelector("[role=log] li:has-text('in two lines')");
  assert.match(await a.page.locator("[role=log] .answers").last().textContent(), /does it work/);
  await sound(a, "conversation");
  await sound(b, "conversation, phone");

  // A file arrives whole.
  await b.page.setInputFiles("input[type=file]", { name: "way.txt", mimeType: "text/plain", buffer: Buffer.from("along the river ".repeat(9000)) });
  await b.page.waitForSelector(".files li:not(:has-text('%'))");
  await b.page.click("button:text-is('Send')");
  const file = a.page.locator("[role=log] .file:has-text('way.txt'):has-text('save')");
  await file.waitFor();
  const [download] = await Promise.all([a.page.waitForEvent("download"), file.click()]);
  const stream = await download.createReadStream();
  let length = 0;
  for await (const piece of stream) length += piece.length;
  assert.equal(length, 16 * 9000);
});

test("a circle of three: everybody reads, one is put out and reads nothing more, one leaves", async (t) => {
  const [a, b, c] = [await open(t, ann), await open(t, ben), await open(t, cleo)];
  await visit(a.page, ann.origin, "circles");
  await a.page.click("button:text-is('New circle')");
  await a.page.fill("#newcircle", "Saturday runners");
  for (const name of ["Ben", "Cleo"]) await a.page.locator(".pick", { hasText: name }).click();
  await sound(a, "new circle");
  await a.page.click("button:text-is('Make the circle')");
  await a.page.waitForSelector("h1:has-text('Saturday runners')");
  // Whoever comes later does not read what was written before, so all are waited for.
  const members = async () => (await door(a, "circle.list@1")).find((one) => one.name === "Saturday runners").members;
  while ((await members()).filter((one) => !one.invited).length < 3) await new Promise((done) => setTimeout(done, 200));
  await write(a, "At seven, by the river?");
  for (const one of [b, c]) {
    await visit(one.page, one.origin, "circles");
    await one.page.locator(".list a", { hasText: "Saturday runners" }).click();
    await one.page.waitForSelector("[role=log] li:has-text('by the river')");
  }
  await write(c, "I am in.");
  for (const one of [a, b]) await one.page.waitForSelector("[role=log] li:has-text('I am in.')");
  await a.page.click("[aria-controls=members]");
  await a.page.waitForSelector(".members li:has-text('Cleo')");
  await sound(a, "members");
  await a.page.click("button[aria-label='Put out: Cleo']");
  await a.page.click("button:text-is('Put out: they read nothing new')");
  await c.page.waitForSelector("text=/You are out of this circle/");
  await write(a, "Just the two of us, then.");
  await b.page.waitForSelector("[role=log] li:has-text('two of us')");
  assert.equal(await c.page.locator("[role=log] li:has-text('two of us')").count(), 0);
  await b.page.click("[aria-controls=members]");
  await b.page.click("button:text-is('Leave')");
  await b.page.click("button:text-is('Leave the circle')");
  await b.page.waitForSelector("text=/You have left/");
});

test("a long history comes page by page and stays where it is looked at", async (t) => {
  const a = await open(t, ann);
  const [made] = await door(a, "circle.create@1", { name: "Notes to myself" });
  for (let i = 0; i < 150; i += 1) await door(a, "message.send@1", { to: made.circle, text: `note ${i}` });
  await visit(a.page, ann.origin, `circles?circle=${made.circle}`);
  const rows = a.page.locator("[role=log] [data-message]");
  await a.page.waitForSelector("[role=log] li:has-text('note 149')");
  assert.equal(await rows.count(), 60);
  const atEnd = () => a.page.evaluate(() => {
    const box = document.querySelector(".scroller");
    return box.scrollHeight - box.scrollTop - box.clientHeight;
  });
  assert.ok((await atEnd()) < 60, "it opens at its end");
  for (let pages = 0; pages < 12 && (await rows.count()) < 150; pages += 1) {
    const before = await rows.count();
    await a.page.evaluate(() => (document.querySelector(".scroller").scrollTop = 0));
    await a.page.waitForFunction((before) => document.querySelectorAll("[role=log] [data-message]").length > before, before);
    await settled(a.page);
  }
  assert.equal(await rows.count(), 150);
  const texts = await a.page.locator("[role=log] .text").allTextContents();
  assert.deepEqual(texts, Array.from({ length: 150 }, (_, i) => `note ${i}`));
});

test("what is written is said in German too", async (t) => {
  const a = await open(t, ann, { locale: "de-DE" });
  await visit(a.page, ann.origin, "circles");
  await a.page.waitForSelector("h1:text-is('Kreise')");
  assert.doesNotMatch(await a.page.textContent("#app"), /\btalk\.[a-z]+\b/);
});
