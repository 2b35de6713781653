// Pictures of what two people do with each other's twins, as the one on the left sees it.

import { begun, settled, twin, visit, window_ } from "./harness.mjs";
import { door, offerIt, pairQuickly, pairThem } from "./people.mjs";

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
  // They write to each other.
  const adas = (await door(b, "contacts.list@1"))[0].did;
  const said = [[a, did, "I see that you run again. Saturday at seven, by the river?"], [b, adas, "Seven is early. Half past?"], [a, did, "Half past seven. I bring the coffee."]];
  for (const [one, to, text] of said) {
    const { circle } = await door(one, "message.send@1", { to, text });
    const other = one === a ? b : a;
    const here = async () => (await door(other, "message.list@1", { circle: circle.circle }).catch(() => ({ messages: [] }))).messages.some((message) => message.text === text);
    while (!(await here())) await other.page.waitForTimeout(200);
  }
  await everyLook(ada, [[`circles?with=${did}`, "circles", (page) => page.waitForSelector("[role=log] li:has-text('coffee')")]]);
  // Ben's guardians are Ada and Cleo; a stranger's machine says that it is Ben's.
  const [cleo, stranger] = await Promise.all(["Cleo", "New machine"].map((name) => begun(dir, browser, name, `${name}'s long passphrase`)));
  const [c, s] = await Promise.all([cleo, stranger].map((one) => open(one, { viewport, colorScheme })));
  for (const one of [a, b, c, s]) await visit(one.page, one.origin, "people");
  await pairQuickly(b, c);
  const people = await door(b, "contacts.list@1");
  // Both give Ben room, and keep sealed pieces of his twin.
  for (const one of [a, c]) {
    const [{ contract }] = await door(one, "space.offer@1", { contact: did, bytes: 5e8, days: 365 });
    while (!(await door(b, "contracts.list@1")).some((shown) => shown.contract === contract)) await b.page.waitForTimeout(200);
    await door(b, "contracts.accept@1", { contract });
  }
  await door(b, "copies.spread@1");
  await everyLook(ben, [["protect", "protect-friends"]]);
  await door(b, "guardians.set@1", { guardians: people.map((one) => one.did), threshold: 2, wait_days: 7, phrase: ben.words.join(" ") });
  const wards = (one) => one.page.waitForFunction(() => fetch("/api/guardians.list@1", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then((reply) => reply.json()).then((now) => now.wards.length > 0));
  await wards(a);
  await everyLook(ada, [["protect?part=guardians", "protect-guardian-asked"]]);
  for (const one of [a, c]) {
    await wards(one);
    await door(one, "guardians.accept@1", { ward: (await door(one, "guardians.list@1")).wards[0].did });
  }
  await door(b, "heirs.set@1", { heirs: [{ heir: people.find((one) => one.name === "Cleo").did, letter: "Look after the garden." }], silence_days: 180, phrase: ben.words.join(" ") });
  await wards(a);
  for (const one of [a, c]) await door(one, "guardians.accept@1", { ward: (await door(one, "guardians.list@1")).wards[0].did }).catch(() => {});
  for (const { did } of people) await door(b, "witness.add@1", { contact: did });
  await everyLook(ben, [["protect?part=guardians", "protect-guardians", async (page) => {
    await page.click("button:text-is('Rehearse now')");
    await page.waitForSelector("text=/It would/");
    await page.evaluate(() => scrollTo(0, 0));
  }], ["protect?part=witnesses", "protect-witnesses"]]);
  await pairQuickly(c, s);
  await door(s, "recovery.begin@1", { who: "Ben" });
  await door(s, "recovery.status@1");
  await everyLook(cleo, [["protect?part=guardians", "protect-claim", (page) => page.waitForSelector(".claim")]]);
  for (let tries = 0; tries < 50 && (await door(b, "guardians.list@1")).claims.length === 0; tries += 1) await b.page.waitForTimeout(200);
  await everyLook(ben, [["protect?part=guardians", "protect-alarm", (page) => page.waitForSelector(".alarm.mine")]]);
  for (const one of [a, b, c, s]) await one.page.context().close();
  await Promise.all([ada, ben, cleo, stranger].map((one) => one.stop()));
}
