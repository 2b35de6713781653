// Pictures of every screen, light and dark, desktop and phone: TWIN=path/to/twin npm run screens

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DESKTOP, PHONE, SCREENS, launch, settled, twin, visit, window_ } from "./harness.mjs";

const OUT = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
mkdirSync(OUT, { recursive: true });
const demo = await twin(["demo"]);
const browser = await launch();
let cookies;
for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await window_(null, browser, demo.origin, { viewport, colorScheme, storageState: cookies, reducedMotion: "reduce" });
    const take = async (name) => {
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${OUT}${name}-${size}-${colorScheme}.png` });
    };
    if (!cookies) {
      await page.goto(demo.url);
      await settled(page);
      cookies = await page.context().storageState();
    }
    for (const screen of SCREENS) {
      await visit(page, demo.origin, screen);
      if (screen === "quality") {
        await page.locator(".line", { hasText: "Heart rate" }).first().click();
        await page.waitForSelector(".sources li");
      }
      await take(screen.split("?")[0]);
    }
    await visit(page, demo.origin, "timeline");
    const box = await page.locator("[data-lane=heart_rate]").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForSelector("[data-testid=provenance] dl");
    await take("provenance");
    await page.context().close();
    const stranger = await window_(null, browser, demo.origin, { viewport, colorScheme });
    await stranger.goto(demo.origin);
    await stranger.waitForSelector("#passphrase");
    await stranger.screenshot({ path: `${OUT}enter-${size}-${colorScheme}.png` });
    await stranger.context().close();
  }
}
await browser.close();
await demo.stop();
