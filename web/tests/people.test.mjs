// Two real twins on this machine: their people pair, agree on something, see exactly that, and part.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, PHONE, begun, folder, forget, launch, settled, twin, violations, visit, window_ } from "./harness.mjs";
import { offerIt, pairThem } from "./people.mjs";

let [dir, browser, ann, ben] = [];
before(async () => {
  dir = folder();
  browser = await launch();
  const demo = await twin(["demo"], { TWIN_LINK_LISTEN: "127.0.0.1:0" });
  const page = await window_(null, browser, demo.origin);
  await page.goto(demo.url);
  await settled(page);
  ann = { ...demo, cookies: await page.context().storageState() };
  await page.context().close();
  ben = await begun(dir, browser, "Ben", "ben's long passphrase");
});
after(async () => {
  await browser?.close();
  await Promise.all([ann?.stop(), ben?.stop()]);
  forget(dir);
});
const open = async (t, person, options = {}) => ({ ...person, page: await window_(t, browser, person.origin, { storageState: person.cookies, ...options }) });
const sound = async ({ page }, what) => {
  assert.deepEqual(await violations(page), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${what}: ${wide} pixels stick out`);
};

test("two people pair, compare digits, agree on something, and see exactly that", async (t) => {
  const [a, b] = [await open(t, ann), await open(t, ben, { viewport: PHONE, colorScheme: "dark" })];
  await pairThem(a, b, {
    waiting: () => sound(a, "ticket"),
    compare: async () => {
      await sound(a, "compare");
      await sound(b, "compare, phone");
    },
  });
  await sound(a, "contact");
  assert.match(await a.page.textContent("main"), /First seen when you paired/);

  await offerIt(a, b, {
    offer: async () => {
      assert.match(await a.page.textContent("[data-testid=says]"), /Ben sees your heart rate\./);
      assert.match(await a.page.textContent("aside"), /one value per day/);
      await sound(a, "offer");
    },
    waiting: () => sound(b, "an offer waits, phone"),
  });
  // By the day and no finer, drawn, and receipted on both sides.
  await b.page.click("button:text-is('Heart rate')");
  await b.page.waitForSelector("[data-testid=seen] canvas");
  assert.match(await b.page.textContent("figcaption"), /per day/);
  await b.page.locator("[data-testid=seen] [role=img]").press("ArrowRight");
  assert.match(await b.page.textContent("figcaption .reading"), /2016/);
  await b.page.waitForSelector("text=both signatures hold");
  await sound(b, "looked, phone");
  const page = a.page;
  await visit(page, ann.origin, "consents");
  await page.click(".line");
  await page.waitForSelector("text=both signatures hold");
  assert.match(await page.textContent("main"), /Ben asked for/);
  await sound(a, "uses");
  await page.click("button:text-is('Heart rate')");
  await page.waitForSelector("[data-testid=seen] canvas");

  // Ended by one, it is over for both.
  await page.click("button:text-is('End it')");
  await page.click("button:text-is('End it now')");
  await page.waitForSelector("text=/Ended .* for ever/");
  await b.page.click("button:text-is('Heart rate')");
  await b.page.waitForSelector(".said .bad");
  await visit(b.page, ben.origin, "consents");
  await b.page.waitForSelector("summary:has-text('1 that is over')");
  await sound(b, "consents, phone");
});

test("a contact is renamed, blocked, and forgotten", async (t) => {
  const a = await open(t, ann);
  await visit(a.page, ann.origin, "people");
  await sound(a, "people");
  await a.page.click(".people a");
  for (const name of [`Benjamin ${"Maximilian".repeat(5)}`, "Benjamin"]) {
    await a.page.click("button:text-is('Rename')");
    await a.page.fill("#contactname", name);
    await a.page.click("button:text-is('Keep')");
    await a.page.waitForSelector(`h1:has-text('${name}')`);
    await a.page.setViewportSize(PHONE);
    await sound(a, "a long name");
  }
  await a.page.click("button:text-is('Block')");
  await a.page.waitForSelector("text=/Benjamin is blocked/");
  await a.page.click("button:text-is('Unblock')");
  await a.page.waitForSelector("text=/cannot reach your twin/");
  await a.page.click("button:text-is('Forget')");
  await a.page.click("button:text-is('Forget Benjamin and end everything')");
  await a.page.waitForSelector("button:text-is('Make a ticket')");
});

test("different digits keep nobody, and a ticket that is none says so", async (t) => {
  const [a, b] = [await open(t, ann), await open(t, ben)];
  await visit(b.page, ben.origin, "people");
  await b.page.click("button[aria-controls=pairing]");
  await b.page.fill("#ticket", "twin-of-nobody");
  await b.page.click("button:text-is('Go there')");
  await b.page.waitForSelector(".said .bad");
  await visit(a.page, ann.origin, "people");
  await a.page.click("button:text-is('Make a ticket')");
  const ticket = await a.page.textContent("[data-testid=ticket]");
  await b.page.fill("#ticket", ticket);
  await b.page.click("button:text-is('Go there')");
  await a.page.waitForSelector("[data-testid=digits]");
  // Looking at another screen in between loses nothing.
  await visit(a.page, ann.origin, "today");
  await visit(a.page, ann.origin, "people");
  await a.page.waitForSelector("[data-testid=digits]");
  await a.page.click("button:text-is('Not the same')");
  for (const { page } of [a, b]) await page.waitForSelector("text=It came to nothing");
  await visit(a.page, ann.origin, "people");
  assert.equal(await a.page.locator(".people").count(), 0);
});

test("where the browser reads codes, a ticket is taken from the other screen by camera", async (t) => {
  const a = await open(t, ann);
  await visit(a.page, ann.origin, "people");
  if ((await a.page.locator("[data-testid=ticket]").count()) === 0) await a.page.click("button:text-is('Make a ticket')");
  const ticket = await a.page.textContent("[data-testid=ticket]");
  const b = await open(t, ben);
  // This browser has a camera that shows a test picture, and no reader of codes: what a reader would find is put in its place.
  await b.page.addInitScript((ticket) => {
    globalThis.BarcodeDetector = class {
      static getSupportedFormats = async () => ["qr_code"];
      detect = async (video) => (video.videoWidth > 0 ? [{ rawValue: "https://example.org" }, { rawValue: ticket }] : []);
    };
  }, ticket);
  await visit(b.page, ben.origin, "people");
  if (await b.page.locator("button[aria-controls=pairing]").count()) await b.page.click("button[aria-controls=pairing]");
  await b.page.click("button:text-is('Scan with the camera')");
  await a.page.waitForSelector("[data-testid=digits]");
  await a.page.click("button:text-is('Not the same')");
  await b.page.waitForSelector("text=It came to nothing");
});

test("everything about people is said in German too", async (t) => {
  const a = await open(t, ann, { locale: "de-DE", viewport: DESKTOP });
  for (const [screen, says] of [["people", /Wessen Zwillinge/], ["consents", /Niemand sieht etwas/]]) {
    await visit(a.page, ann.origin, screen);
    assert.match(await a.page.textContent("main"), says);
    assert.doesNotMatch(await a.page.textContent("#app"), /\b(people|pair|contact|consents|terms|offer|seen|uses)\.[a-z]+\b/, screen);
  }
});
