// What the first paint needs, packed as it is sent: the page, its scripts and its style sheets. Navigation, screens and
// fonts come later.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const BUDGET = 25_000;
const out = fileURLToPath(new URL("../dist/", import.meta.url));
await build({ logLevel: "error", build: { outDir: out } });
const html = readFileSync(`${out}index.html`, "utf8");
const parts = ["index.html", ...[...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path)];
const sizes = parts.map((path) => [gzipSync(readFileSync(out + path), { level: 9 }).length, path]);
const total = sizes.reduce((sum, [bytes]) => sum + bytes, 0);
for (const [bytes, path] of sizes) console.log(`${String(bytes).padStart(7)}  ${path}`);
console.log(`${String(total).padStart(7)}  shell, packed; the budget is ${BUDGET}`);
if (parts.length < 3 || total > BUDGET) process.exit(1);
