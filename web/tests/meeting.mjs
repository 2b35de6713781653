// Pictures of what two people do with each other's twins, as the one on the left sees it.

import { begun, settled, twin, visit, window_ } from "./harness.mjs";
import { offerIt, pairThem } from "./people.mjs";

/** Ada (the demo's data) and Ben meet once for each look of the app; `shot` keeps a picture of what is there. */
export async function meeting(dir, browser, looks, shot) {
  const demo = await twin(["demo"], { TWIN_LINK_LISTEN: "127.0.0.1:0" });
  const first = await window_(null, browser, demo.origin);
  await first.goto(demo.url);
  await settled(first);
  const ada = { ...demo, name: "Ada Lovelace", cookies: await first.context().storageState() };
  await first.context().close();
  const [, viewport, colorScheme] = looks[0];
  const ben = await begun(dir, browser, "Ben", "ben's long passphrase");
  const open = async (person, options) => ({ ...person, page: await window_(null, browser, person.origin, { storageState: person.cookies, reducedMotion: "reduce", ...options }) });
  const everyLook = async (person, screens) => {
    for (const [name, viewport, colorScheme] of looks) {
      const one = await open(person, { viewport, colorScheme });
      for (const [screen, what, prepare] of screens) {
        await visit(one.page, person.origin, screen);
        await prepare?.(one.page);
        await shot(one.page, `${what}-${name}`);
      }
      await one.page.context().close();
    }
  };
  const [a, b] = [await open(ada, { viewport, colorScheme }), await open(ben, { viewport, colorScheme })];
  await pairThem(a, b, {
    waiting: () => everyLook(ada, [["people", "people-ticket", (page) => page.waitForSelector("[data-testid=ticket]")]]),
    compare: () => everyLook(ada, [["people", "people-compare", (page) => page.waitForSelector("[data-testid=digits]")]]),
  });
  const did = new URL(a.page.url().replace("#/", "")).searchParams.get("who");
  await everyLook(ada, [["people", "people"], [`people?who=${did}`, "people-contact"]]);
  await offerIt(a, b, {
    offer: () => everyLook(ada, [[`consents?offer=${did}`, "consents-offer", async (page) => {
      for (const one of ["Heart rate", "Steps"]) await page.getByLabel(one, { exact: true }).check();
      await page.fill("#purpose", "training together");
      await page.waitForSelector("[data-testid=seen] canvas");
    }]]),
    waiting: () => everyLook(ben, [["consents", "consents-waiting"]]),
  });
  await b.page.click("button:text-is('Heart rate')");
  await b.page.waitForSelector("text=both signatures hold");
  const contract = new URL(b.page.url().replace("#/", "")).searchParams.get("contract");
  await everyLook(ada, [["consents", "consents"]]);
  await everyLook(ben, [[`consents?contract=${contract}`, "consents-look", async (page) => {
    await page.click("button:text-is('Heart rate')");
    await page.waitForSelector("[data-testid=seen] canvas");
  }]]);
  for (const one of [a, b]) await one.page.context().close();
  await Promise.all([ada.stop(), ben.stop()]);
}
