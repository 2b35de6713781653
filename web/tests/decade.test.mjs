// Ten years of one life and the longest names: everything answers, and nothing sticks out.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decade } from "./decade.mjs";
import { DESKTOP, PHONE, SCREENS, folder, forget, launch, settled, violations, visit, window_ } from "./harness.mjs";

let [dir, browser, person] = [];
before(async () => {
  dir = folder();
  browser = await launch();
  person = await decade(dir, browser);
});
after(async () => {
  await browser?.close();
  await person?.stop();
  forget(dir);
});
const sticksOut = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

for (const [name, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  test(`ten years and long names fit, ${name}`, async (t) => {
    const page = await window_(t, browser, person.origin, { viewport, storageState: person.cookies });
    for (const screen of SCREENS) {
      await visit(page, person.origin, screen);
      assert.ok((await sticksOut(page)) <= 0, `${screen}: sticks out`);
      assert.deepEqual(await violations(page), [], screen);
    }
    await visit(page, person.origin, "timeline");
    await page.click("button:text-is('Life')");
    await settled(page);
    const [first, last] = (await page.textContent("[data-testid=range]")).match(/\d{4}/g).map(Number);
    assert.ok(first <= 2014 && last >= 2023, `${first} – ${last}`);
  });

  test(`from right to left every screen is its mirror image, ${name}`, async (t) => {
    const page = await window_(t, browser, person.origin, { viewport, storageState: person.cookies });
    await page.addInitScript(() => document.addEventListener("DOMContentLoaded", () => (document.documentElement.dir = "rtl")));
    for (const screen of SCREENS) {
      await visit(page, person.origin, screen);
      assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), "rtl");
      assert.ok((await sticksOut(page)) <= 0, `${screen}: sticks out`);
      assert.deepEqual(await violations(page), [], screen);
      const [nav, heading, main] = await page.evaluate(() => ["nav", "main h1", "main"].map((what) => {
        const { left, right } = document.querySelector(what).getBoundingClientRect();
        return { left, right };
      }));
      if (viewport === DESKTOP) assert.ok(nav.left >= main.right - 1, `${screen}: the navigation begins the line`);
      assert.ok(heading.left >= 0 && heading.right <= main.right + 1, `${screen}: the heading lies within`);
    }
    // Time still runs from left to right, as on every chart, and a point opens beside it.
    await visit(page, person.origin, "timeline");
    const box = await page.locator("[data-lane=heart_rate]").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForSelector("[data-testid=provenance] dl");
    assert.ok((await sticksOut(page)) <= 0, "the drawer sticks out");
  });
}
