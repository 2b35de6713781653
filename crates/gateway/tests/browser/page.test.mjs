// The page in a real browser, with the demo's real data behind it: TWIN=path/to/twin npm test
// CHROMIUM names another browser than the system's.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const TWIN = process.env.TWIN ?? "twin";
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let [twin, browser, origin, cookies, folder] = [];

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "twin-page-"));
  twin = spawn(TWIN, ["demo", "--json", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise((resolve, reject) => {
    let text = "";
    twin.stdout.on("data", (piece) => {
      text += piece;
      if (text.includes("\n")) resolve(text);
    });
    twin.on("exit", (code) => reject(new Error(`twin demo ended with ${code}`)));
  });
  const { url } = JSON.parse(line);
  origin = new URL(url).origin;
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? BROWSERS.find(existsSync), args: FLAGS });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector("#streams button");
  assert.equal(new URL(page.url()).pathname, "/", "the link does not stay in the address");
  cookies = await context.storageState();
  await context.close();
});

after(async () => {
  await browser?.close();
  twin?.kill("SIGINT");
  rmSync(folder, { recursive: true, force: true });
});

// A signed-in window. It fails its test when the page complains or asks anybody but its own twin for anything.
async function open(t, hash = "", options = {}) {
  const context = await browser.newContext({ storageState: cookies, ...options });
  const page = await context.newPage();
  const [complaints, strangers] = [[], []];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin) strangers.push(request.url());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual([complaints, strangers], [[], []]);
  });
  await page.goto(`${origin}/${hash}`);
  await page.waitForSelector("#streams button");
  return page;
}

const range = (page) => page.textContent("#range");
const changed = (page, was) => page.waitForFunction((was) => document.querySelector("#range").textContent !== was, was);
// Opens whatever lies nearest to the middle of the plot.
async function openPoint(page) {
  const box = await page.locator("#plot").boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForSelector("#provenance:not([hidden]) dl");
}

for (const colorScheme of ["light", "dark"]) {
  for (const [name, viewport] of [["desktop", { width: 1280, height: 800 }], ["phone", { width: 390, height: 844 }]]) {
    test(`no accessibility violation, ${colorScheme}, ${name}`, async (t) => {
      const page = await open(t, "", { colorScheme, viewport });
      for (const look of [async () => {}, openPoint]) {
        await look(page);
        // Evaluated by the driver, since the page's own policy lets no foreign script in.
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), []);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels stick out`);
    });
  }
}

test("every stream draws something and zooming goes from months to minutes and back", async (t) => {
  const page = await open(t);
  const streams = await page.$$eval("#streams button", (buttons) => buttons.map((button) => button.dataset.stream));
  assert.ok(streams.length >= 8, streams.join());
  for (const id of streams) {
    await page.click(`[data-stream="${id}"]`);
    await page.waitForFunction(() => {
      const canvas = document.querySelector("#canvas");
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const colours = new Set();
      for (let i = 0; i < pixels.length; i += 4) colours.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
      return colours.size > 8 && document.querySelector("#empty").hidden;
    }, null, { timeout: 10_000 });
  }
  await page.click('[data-stream="heart_rate"]');
  const whole = await range(page);
  const box = await page.locator("#plot").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  for (let i = 0; i < 40; i += 1) await page.mouse.wheel(0, -240);
  await changed(page, whole);
  await page.click("#fit");
  await page.waitForFunction((whole) => document.querySelector("#range").textContent === whole, whole);
});

test("the keyboard alone moves, zooms, opens a point and closes it", async (t) => {
  const page = await open(t, "#stream=heart_rate");
  await page.focus("#plot");
  let was = await range(page);
  for (const key of ["+", "+", "ArrowLeft", "-", "0"]) {
    await page.keyboard.press(key);
    await changed(page, was);
    was = await range(page);
  }
  for (let i = 0; i < 14; i += 1) await page.keyboard.press("+");
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#provenance:not([hidden]) dl");
  await page.keyboard.press("Escape");
  await page.waitForSelector("#provenance", { state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement.id), "plot");
});

test("a clicked point shows where it comes from, and its proof holds for a stranger", async (t) => {
  const page = await open(t, "#stream=heart_rate");
  await openPoint(page);
  const text = await page.textContent("#provenance");
  for (const part of ["fitbit-heart-rate.csv", "Verified just now", "LOINC", "At byte"]) assert.ok(text.includes(part), part);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#provenance .save")]);
  const file = path.join(folder, "heart.twinproof");
  await download.saveAs(file);
  // No vault and no key: an empty home.
  const out = execFileSync(TWIN, ["check", file, "--json"], { env: { ...process.env, TWIN_HOME: path.join(folder, "none") } });
  assert.equal(JSON.parse(out).stream, "heart_rate");
});

test("without a session nothing is shown", async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.waitForSelector("#outside:not([hidden])");
  assert.match(await page.textContent("#outside-title"), /not signed in/);
  assert.equal(await page.locator("#streams button").count(), 0);
});

test("a page of another origin can neither read nor act", async (t) => {
  const context = await browser.newContext({ storageState: cookies });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route("http://other.example/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>other</title>" }));
  await page.goto("http://other.example/");
  const tried = await page.evaluate(async (origin) => {
    const attempts = [
      { method: "POST", headers: { "content-type": "application/json" }, body: "{}", credentials: "include" },
      { method: "POST", headers: { "content-type": "text/plain" }, body: "{}", credentials: "include" },
      { method: "POST", mode: "no-cors", headers: { "content-type": "text/plain" }, body: "{}", credentials: "include" },
    ];
    return Promise.all(attempts.map((options) => fetch(`${origin}/api/twin.status@1`, options).then((reply) => reply.status || reply.type, () => "refused")));
  }, origin);
  assert.ok(tried.every((outcome) => ["refused", "opaque"].includes(outcome)), tried.join());
  // Nor can it look at the page in a frame.
  const framed = await page.evaluate(async (origin) => {
    const frame = document.createElement("iframe");
    frame.src = origin;
    document.body.append(frame);
    await new Promise((resolve) => frame.addEventListener("load", resolve));
    try {
      return frame.contentWindow.document.title;
    } catch {
      return "closed";
    }
  }, origin);
  assert.equal(framed, "closed");
});
