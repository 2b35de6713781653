// What the tests stand on: a real twin on a free port, and a real browser that tells on every stranger it is sent to.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

export const TWIN = process.env.TWIN ?? "twin";
const BROWSERS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
export const SCREENS = ["today", "circles", "people", "ask?q=What if I sleep an hour more?", "timeline", "graph", "import", "search?q=heart", "consents", "quality", "receipts", "protect", "protect?part=guardians", "protect?part=witnesses", "protect?part=keys", "settings"];
export const DESKTOP = { width: 1280, height: 860 };
export const PHONE = { width: 390, height: 844 };

export const folder = () => mkdtempSync(path.join(tmpdir(), "twin-web-"));
export const forget = (dir) => rmSync(dir, { recursive: true, force: true });

/** Starts `twin` with `args`; resolves to what it printed first, and how to stop it. */
export async function twin(args, env = {}) {
  const child = spawn(TWIN, [...args, "--json", "--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });
  const said = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (piece) => {
      text += piece;
      if (text.includes("\n")) resolve(JSON.parse(text));
    });
    child.on("exit", (code) => reject(new Error(`twin ${args.join(" ")} ended with ${code}`)));
    child.on("error", reject);
  });
  const stop = () => new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once("exit", resolve);
    return child.kill("SIGINT");
  });
  return { ...said, origin: new URL(said.url).origin, stop };
}

/** A new twin of somebody called `name`, and a browser's session with it. */
export async function begun(dir, browser, name, passphrase) {
  const { TWIN_PASSPHRASE: _, ...env } = process.env;
  const home = path.join(dir, name.replace(/\W/g, "").slice(0, 20));
  // Other people's twins are on this machine too.
  const up = await twin(["--home", home, "up"], { ...env, TWIN_LINK_LISTEN: "127.0.0.1:0" });
  const page = await window_(null, browser, up.origin);
  await page.goto(up.url);
  await page.waitForSelector("#name");
  const words = await page.evaluate(async ([name, passphrase]) => {
    const send = (at, body) => fetch(at, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }).then((reply) => (reply.status === 204 ? null : reply.json()));
    const { words } = await send("/api/setup/begin", {});
    await send("/api/setup/check", { words: { 1: words[0], 2: words[1], 3: words[2] } });
    await send("/api/setup/finish", { name, passphrase });
    return words;
  }, [name, passphrase]);
  await page.reload();
  await settled(page);
  const cookies = await page.context().storageState();
  await page.context().close();
  const run = (...args) => execFileSync(TWIN, ["--home", home, ...args, "--json"], { env: { ...env, TWIN_PASSPHRASE: passphrase }, stdio: ["ignore", "pipe", "pipe"] });
  return { ...up, cookies, run, name, words };
}

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM ?? BROWSERS.find(existsSync), args: FLAGS });

/** A window that fails its test when the page complains or asks anybody but its own twin for anything. */
export async function window_(t, browser, origin, options = {}) {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const [complaints, strangers] = [[], []];
  // A wrong key is answered with 403 on purpose, and a test goes offline; the browser notes both.
  page.on("console", (message) => message.type() === "error" && !/status of 40[013]|ERR_INTERNET_DISCONNECTED/.test(message.text()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.stack ?? String(error)));
  context.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin) strangers.push(request.url());
  });
  t?.after(async () => {
    await context.close();
    assert.deepEqual([complaints, strangers], [[], []]);
  });
  return page;
}

/** Goes to a screen and waits until it has said something. */
export async function visit(page, origin, screen) {
  await page.goto("about:blank");
  await page.goto(`${origin}/#/${screen}`);
  await settled(page);
}
export async function settled(page) {
  await page.waitForSelector("main h1");
  await page.waitForFunction(() => document.querySelector("[aria-busy=true]") === null);
}

export async function violations(page) {
  // Evaluated by the driver, since the page's own policy lets no foreign script in.
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html).join(" ")}`);
}
