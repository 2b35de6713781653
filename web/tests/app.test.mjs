// The app in a real browser, with the demo's real data behind it: TWIN=path/to/twin npm test
// CHROMIUM names another browser than the system's.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { DESKTOP, PHONE, SCREENS, TWIN, folder, forget, launch, settled, twin, violations, visit, window_ } from "./harness.mjs";

let [demo, browser, cookies, dir] = [];

before(async () => {
  dir = folder();
  demo = await twin(["demo"]);
  browser = await launch();
  const page = await window_(null, browser, demo.origin);
  await page.goto(demo.url);
  await settled(page);
  assert.equal(new URL(page.url()).pathname, "/", "the link does not stay in the address");
  cookies = await page.context().storageState();
  await page.context().close();
});
after(async () => {
  await browser?.close();
  await demo?.stop();
  forget(dir);
});
const open = async (t, screen, options = {}) => {
  const page = await window_(t, browser, demo.origin, { storageState: cookies, ...options });
  await visit(page, demo.origin, screen);
  return page;
};

for (const colorScheme of ["light", "dark"]) {
  for (const [name, viewport] of [["desktop", DESKTOP], ["phone", PHONE]]) {
    test(`no accessibility violation on any screen, ${colorScheme}, ${name}`, async (t) => {
      const page = await open(t, "today", { colorScheme, viewport });
      for (const screen of SCREENS) {
        await visit(page, demo.origin, screen);
        assert.deepEqual(await violations(page), [], screen);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${screen}: ${wide} pixels stick out`);
      }
    });
  }
}

test("today says something true: a value, its normal range, and its source", async (t) => {
  const page = await open(t, "today");
  const cards = page.locator(".cards li");
  assert.ok((await cards.count()) >= 3);
  assert.match(await cards.first().textContent(), /normal for you/);
  await page.click("text=Day before");
  await settled(page);
  assert.match(await page.textContent("h1"), /2016/);
});

const range = (page) => page.textContent("[data-testid=range]");
const changed = (page, was) => page.waitForFunction((was) => document.querySelector("[data-testid=range]").textContent !== was, was);
async function openPoint(page, lane) {
  const box = await page.locator(`[data-lane=${lane}]`).boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForSelector("[data-testid=provenance] dl");
}

test("the timeline goes from a whole life to a minute and back without a stop", async (t) => {
  const page = await open(t, "timeline");
  assert.ok((await page.locator("[data-lane]").count()) >= 4);
  await page.click("button:text-is('Life')");
  await settled(page);
  const whole = await range(page);
  const box = await page.locator("[data-lane=heart_rate]").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  for (let i = 0; i < 60; i += 1) await page.mouse.wheel(0, -240);
  await changed(page, whole);
  await page.click("button:text-is('Minute')");
  const near = await range(page);
  assert.match(near, /\d\d:\d\d:\d\d – \d\d:\d\d:\d\d/, near);
  await page.click("button:text-is('Life')");
  await page.waitForFunction((whole) => document.querySelector("[data-testid=range]").textContent === whole, whole);
});

test("every stream can be a lane, and draws", async (t) => {
  const page = await open(t, "timeline");
  await page.click("button[aria-controls=picker]");
  const boxes = page.locator("#picker input");
  for (let i = 0; i < (await boxes.count()); i += 1) if (await boxes.nth(i).isChecked()) await boxes.nth(i).uncheck();
  for (let i = 0; i < (await boxes.count()); i += 1) {
    await boxes.nth(i).check();
    const id = await page.locator("[data-lane]").first().getAttribute("data-lane");
    await page.goto(`${demo.origin}/#/timeline?lanes=${id}`);
    await page.reload();
    await settled(page);
    const drawn = await page.waitForFunction(() => {
      const canvas = document.querySelector("[data-lane] canvas");
      if (!canvas?.width) return false;
      const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      const colours = new Set();
      for (let at = 0; at < pixels.length; at += 4) colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
      return colours.size > 8;
    }, null, { timeout: 10_000 });
    assert.ok(drawn, id);
    await page.click("button[aria-controls=picker]");
    for (let at = 0; at < (await boxes.count()); at += 1) if (await boxes.nth(at).isChecked()) await boxes.nth(at).uncheck();
  }
});

test("the keyboard alone walks through screens, moves, zooms, opens a point and closes it", async (t) => {
  const page = await open(t, "today");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("#search:focus");
  await page.keyboard.type("heart rate");
  await page.waitForSelector(".results a");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".plot");
  await settled(page);
  await page.focus(".plot");
  let was = await range(page);
  for (const key of ["+", "+", "ArrowLeft", "-"]) {
    await page.keyboard.press(key);
    await changed(page, was);
    was = await range(page);
  }
  for (let i = 0; i < 12; i += 1) await page.keyboard.press("+");
  await settled(page);
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[data-testid=provenance] dl");
  await page.keyboard.press("Escape");
  await page.waitForSelector("[data-testid=provenance]", { state: "detached" });
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("plot")));
});

test("a point shows where it comes from, and its proof holds for a stranger", async (t) => {
  const page = await open(t, "timeline");
  await openPoint(page, "heart_rate");
  const text = await page.textContent("[data-testid=provenance]");
  for (const part of ["fitbit-heart-rate.csv", "verified just now", "LOINC", "At byte", "Nobody but you"]) assert.ok(text.includes(part), part);
  assert.deepEqual(await violations(page), []);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("button:text-is('Save proof')")]);
  const file = path.join(dir, "heart.twinproof");
  await download.saveAs(file);
  // No vault and no key: an empty home.
  const out = execFileSync(TWIN, ["check", file, "--json"], { env: { ...process.env, TWIN_HOME: path.join(dir, "none") } });
  assert.equal(JSON.parse(out).stream, "heart_rate");
});

test("a question has two futures with their evidence, or what is missing for one", async (t) => {
  const page = await open(t, "ask?q=What if I walk 3000 steps more?");
  await page.waitForSelector("figure svg path.line.other");
  assert.match(await page.textContent(".read"), /Steps: 3,000 more every day/);
  assert.match(await page.textContent("main"), /need not be a cause/);
  const was = await page.textContent(".effect");
  await page.locator("input[type=range]").fill("1000");
  await page.waitForFunction((was) => document.querySelector(".effect")?.textContent !== was, was);
  assert.match(await page.textContent(".read"), /Steps: 1,000 more every day/);
  await page.locator("figure svg").press("ArrowRight");
  assert.match(await page.textContent("figcaption"), /\(.* – .*\)/);
  await page.click("button:text-is('Keep it as an experiment')");
  await page.waitForSelector("h2:text-is('Experiments')");
  await page.fill("#question", "What does my brain network do if this connection weakens?");
  await page.press("#question", "Enter");
  await page.waitForSelector(".refused");
  assert.deepEqual(await violations(page), []);
});

test("the self-graph shows what goes before what, and one node's edges alone", async (t) => {
  const page = await open(t, "graph");
  await page.waitForSelector(".node");
  const all = await page.locator(".list li").count();
  await page.selectOption("#node", "heart_rate");
  await page.waitForFunction((all) => document.querySelectorAll(".list li").length < all, all);
  assert.ok((await page.locator(".list li").count()) > 0);
});

test("what was looked at leaves receipts, and quality tells days and devices", async (t) => {
  const page = await open(t, "receipts");
  assert.ok((await page.locator("tbody tr").count()) > 0);
  await page.selectOption("#decision", "denied");
  await page.waitForSelector("text=No receipt matches.");
  await visit(page, demo.origin, "quality");
  await page.locator(".line", { hasText: "Heart rate" }).first().click();
  await page.waitForSelector(".sources li");
  assert.match(await page.textContent(".detail"), /Fitbit/);
});

test("everything is said in German too, and stays so", async (t) => {
  const page = await open(t, "settings");
  await page.click("button[lang=de]");
  await page.waitForSelector("h1:text-is('Einstellungen')");
  await visit(page, demo.origin, "search?q=ruhepuls herz");
  await page.fill("#search", "herzfrequenz");
  await page.waitForSelector(".results a:has-text('Herzfrequenz')");
  for (const screen of SCREENS) {
    await visit(page, demo.origin, screen);
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de", screen);
    // A text that was forgotten shows its key.
    // What the mirror says in sentences is English still.
    if (!screen.startsWith("ask")) for (const english of ["Heart rate", "Sleep stage", "there is no copy"]) assert.ok(!(await page.textContent("main")).includes(english), `${screen}: ${english}`);
    assert.doesNotMatch(await page.textContent("#app"), /\b(nav|today|timeline|import|quality|receipts|protect|settings|provenance|found|act)\.[a-z]+\b(?!@)/, screen);
  }
});

test("the first paint comes from the twin itself, with little on the way", async (t) => {
  const page = await window_(t, browser, demo.origin, { storageState: cookies, serviceWorkers: "block" });
  await page.goto(demo.origin);
  await settled(page);
  const { painted, before, meant } = await page.evaluate(async () => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const largest = await new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries().at(-1))).observe({ type: "largest-contentful-paint", buffered: true }));
    const came = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter((one) => one.responseEnd <= paint.startTime);
    return { painted: paint.startTime, before: came.map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]), meant: largest.element?.textContent ?? "" };
  });
  assert.ok(painted > 0 && before.length > 0);
  const shell = before.filter(([at]) => !at.startsWith("/auth/") && !at.startsWith("/api/") && !/\.(woff2|svg|webmanifest)$/.test(at));
  assert.ok(shell.some(([at]) => at === "/") && shell.some(([at]) => at.endsWith(".js")), JSON.stringify(before));
  // What was there when it was painted: the shell, and at most the parts that follow it.
  assert.ok(shell.reduce((sum, [, bytes]) => sum + bytes, 0) <= 60_000, JSON.stringify(shell));
  assert.ok(meant.length > 0, "the largest thing painted says something");
});

test("without a session nothing is shown, and a locked twin wants its key", async (t) => {
  const page = await window_(t, browser, demo.origin);
  await page.goto(demo.origin);
  await page.waitForSelector("text=Is it you?");
  assert.deepEqual(await violations(page), []);
  await page.fill("#passphrase", "certainly not this one");
  await page.click("button:text-is('Unlock')");
  await page.waitForSelector("#failed:not(:empty)");
  assert.equal(await page.locator("nav").count(), 0);
});

test("the shell opens without the twin and holds nothing of the owner's", async (t) => {
  const page = await open(t, "today");
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await settled(page);
  const kept = await page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    return found;
  });
  assert.ok(kept.includes("/") && kept.every((at) => at === "/" || at.startsWith("/assets/") || /^\/[a-z0-9-]+\.(svg|png|webmanifest)$/.test(at)), kept.join());
  await page.context().setOffline(true);
  await page.reload();
  await page.waitForSelector("text=The twin does not answer.");
  await page.context().setOffline(false);
});

test("the app can be installed: its manifest names icons that are there", async (t) => {
  const page = await open(t, "today");
  const manifest = await page.evaluate(() => fetch(document.querySelector("link[rel=manifest]").href).then((reply) => reply.json()));
  assert.equal(manifest.display, "standalone");
  for (const { src, sizes, type } of manifest.icons) {
    const kind = await page.evaluate((src) => fetch(src).then((reply) => (reply.ok ? reply.headers.get("content-type") : String(reply.status))), src);
    assert.equal(kind, type, `${src} ${sizes}`);
  }
});

test("a page of another origin can neither read nor act nor look in", async (t) => {
  const context = await browser.newContext({ storageState: cookies });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.route("http://other.example/", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>other</title>" }));
  await page.goto("http://other.example/");
  const tried = await page.evaluate(async (origin) => {
    const json = { "content-type": "application/json" };
    const attempts = [
      ["/api/twin.status@1", { headers: json, body: "{}", credentials: "include" }],
      ["/api/twin.status@1", { headers: { "content-type": "text/plain" }, body: "{}", credentials: "include" }],
      ["/api/lock", { mode: "no-cors", headers: { "content-type": "text/plain" }, body: "{}", credentials: "include" }],
      ["/auth/unlock", { mode: "no-cors", headers: { "content-type": "text/plain" }, body: "{}", credentials: "include" }],
    ];
    return Promise.all(attempts.map(([at, options]) => fetch(origin + at, { method: "POST", ...options }).then((reply) => reply.status || reply.type, () => "refused")));
  }, demo.origin);
  assert.ok(tried.every((outcome) => ["refused", "opaque"].includes(outcome)), tried.join());
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
  }, demo.origin);
  assert.equal(framed, "closed");
  // What could be sent unread was not let in: the twin is still open.
  const mine = await window_(t, browser, demo.origin, { storageState: cookies });
  await visit(mine, demo.origin, "today");
});
