// The whole first run: a new twin, its words, a passkey with PRF, the first file by drop, locking, unlocking, undoing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { folder, forget, launch, settled, twin, violations, visit, window_ } from "./harness.mjs";

const FILE = fileURLToPath(new URL("../../demo/5553957443_heartrate_minutes.csv", import.meta.url));
let [up, browser, dir] = [];

before(async () => {
  dir = folder();
  const { TWIN_PASSPHRASE: _, ...env } = process.env;
  up = await twin(["--home", `${dir}/home`, "up"], { ...env, TWIN_PASSPHRASE: undefined });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await up?.stop();
  forget(dir);
});

async function authenticator(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: { protocol: "ctap2", ctap2Version: "ctap2_1", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, hasPrf: true, automaticPresenceSimulation: true },
  });
}
/** Drops a file as a hand would, from outside the page. */
async function drop(page, name, file) {
  const data = await page.evaluateHandle(([name, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], name));
    return transfer;
  }, [name, readFileSync(file, "utf8")]);
  await page.dispatchEvent("[data-testid=drop]", "drop", { dataTransfer: data });
}

test("a stranger sets a twin up with a passkey, drops a file, and sees something true", async (t) => {
  const page = await window_(t, browser, up.origin);
  await authenticator(page);
  await page.goto(up.url);
  await page.waitForSelector("#name");
  assert.deepEqual(await violations(page), []);
  await page.fill("#name", "Ada Lovelace");
  await page.click("button:text-is('Begin')");
  await page.waitForSelector(".words li:nth-child(24)");
  assert.deepEqual(await violations(page), []);
  const words = await page.$$eval(".words li", (items) => items.map((item) => item.lastChild.textContent.trim()));

  // Interrupted here: the words are the same after a reload.
  await page.reload();
  await page.waitForSelector(".words li:nth-child(24)");
  assert.deepEqual(await page.$$eval(".words li", (items) => items.map((item) => item.lastChild.textContent.trim())), words);
  await page.click("button:text-is('I have written them down')");
  const fields = await page.$$eval("input[id^=word-]", (inputs) => inputs.map((input) => input.id));
  assert.equal(fields.length, 3);
  for (const id of fields) await page.fill(`#${id}`, "wrong");
  await page.click("button:text-is('Check')");
  await page.waitForSelector("[role=alert]:not(:empty)");
  for (const id of fields) await page.fill(`#${id}`, words[Number(id.slice(5)) - 1]);
  await page.click("button:text-is('Check')");
  await page.waitForSelector("button:text-is('Use a passkey')");
  assert.deepEqual(await violations(page), []);
  await page.click("button:text-is('Use a passkey')");
  await page.waitForSelector("button:text-is('Bring in the first file')");
  assert.equal(await page.textContent("[role=alert]"), "");
  await page.click("button:text-is('Bring in the first file')");

  await page.waitForSelector("[data-testid=drop]");
  await drop(page, "heart.csv", FILE);
  await page.waitForSelector("text=/new observations from/", { timeout: 60_000 });
  // Nothing is asked again and again once it is in.
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("imports.list") ? 1 : 0));
  await page.waitForTimeout(2000);
  assert.ok(asked <= 1, `imports.list was asked ${asked} times`);
  await page.reload();
  await settled(page);
  await page.locator(".line", { hasText: "heart.csv" }).first().click();
  assert.match(await page.textContent(".detail"), /Heart rate/);
  await visit(page, up.origin, "today");
  assert.match(await page.textContent(".cards, main"), /Heart rate/);
  assert.match(await page.textContent("nav"), /Ada Lovelace/);

  // Locked: nothing is answered; the passkey alone opens it again.
  await page.click("nav button:has-text('Lock')");
  await page.waitForSelector("text=Your twin is locked.");
  assert.equal(await page.evaluate(() => fetch("/api/streams.list@1", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then((reply) => reply.status)), 401);
  await page.click("button:text-is('Use a passkey')");
  await page.waitForSelector("nav");
  await settled(page);

  // The phrase is still known; and a whole import can be taken back.
  await visit(page, up.origin, "protect?part=keys");
  await page.fill("#phrase", words.join(" "));
  await page.locator("form", { has: page.locator("#phrase") }).locator("button").click();
  await page.waitForSelector("text=That is it.");
  assert.deepEqual(await violations(page), []);
  await visit(page, up.origin, "import");
  await page.locator(".line", { hasText: "heart.csv" }).first().click();
  await page.click("button:text-is('Undo')");
  await page.click("button.danger:text-is('Undo')");
  await page.waitForSelector("text=/Undone/");
  await visit(page, up.origin, "timeline");
  await page.waitForSelector("text=No data yet");
});
