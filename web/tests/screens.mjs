// Pictures of every screen, light and dark, desktop and phone: TWIN=path/to/twin npm run screens

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decade } from "./decade.mjs";
import { meeting } from "./meeting.mjs";
import { DESKTOP, PHONE, SCREENS, folder, forget, launch, settled, twin, visit, window_ } from "./harness.mjs";

const OUT = fileURLToPath(new URL("../../docs/screens/", import.meta.url));
mkdirSync(OUT, { recursive: true });
const demo = await twin(["demo"]);
const browser = await launch();
const dir = folder();
const person = await decade(dir, browser);
const { TWIN_PASSPHRASE: _, ...env } = process.env;
let cookies;
/** A new twin at each step of its welcome, and then with nothing in it yet. */
async function welcome(options, take) {
  const home = `${dir}/${options.viewport.width}-${options.colorScheme}`;
  const up = await twin(["--home", home, "up"], env);
  const page = await window_(null, browser, up.origin, options);
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  const authenticator = { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true, automaticPresenceSimulation: true };
  await session.send("WebAuthn.addVirtualAuthenticator", { options: authenticator });
  await page.goto(up.url);
  await page.waitForSelector("#name");
  await take(page, "welcome");
  await page.fill("#name", "Ada Lovelace");
  await page.click("button:text-is('Begin')");
  await page.waitForSelector(".words li:nth-child(24)");
  await take(page, "welcome-words");
  const words = await page.$$eval(".words li", (items) => items.map((item) => item.lastChild.textContent.trim()));
  await page.click("button:text-is('I have written them down')");
  for (const id of await page.$$eval("input[id^=word-]", (inputs) => inputs.map((input) => input.id))) await page.fill(`#${id}`, words[Number(id.replace("word-", "")) - 1]);
  await page.click("button:text-is('Check')");
  await page.waitForSelector("button:text-is('Use a passkey')");
  await take(page, "welcome-key");
  await page.click("button:text-is('Use a passkey')");
  await page.click("text=Bring in the first file");
  await settled(page);
  await visit(page, up.origin, "today");
  await take(page, "today-empty");
  await visit(page, up.origin, "timeline");
  await take(page, "timeline-empty");
  await page.context().close();
  await up.stop();
}

for (const [size, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await window_(null, browser, demo.origin, { viewport, colorScheme, storageState: cookies, reducedMotion: "reduce" });
    const shot = async (page, name) => {
      await page.evaluate(() => document.fonts.ready);
      await page.waitForTimeout(300);
      await page.screenshot({ path: `${OUT}${name}-${size}-${colorScheme}.png` });
    };
    const take = (name) => shot(page, name);
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
      await take(screen.replace(/\?part=/, "-").split("?")[0]);
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
    await welcome({ viewport, colorScheme }, shot);
    const old = await window_(null, browser, person.origin, { viewport, colorScheme, storageState: person.cookies });
    await visit(old, person.origin, "timeline");
    await old.click("button:text-is('Life')");
    await settled(old);
    await shot(old, "timeline-decade");
    await visit(old, person.origin, "quality");
    await shot(old, "quality-decade");
    await old.context().close();
  }
}
const looks = [["desktop", DESKTOP], ["phone", PHONE]].flatMap(([size, viewport]) => ["light", "dark"].map((colorScheme) => [`${size}-${colorScheme}`, viewport, colorScheme]));
await meeting(dir, browser, looks, async (page, name) => {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${OUT}${name}.png` });
});
await browser.close();
await demo.stop();
await person.stop();
forget(dir);
