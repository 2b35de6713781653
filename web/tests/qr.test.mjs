// The app's own QR codes. That these patterns read as these texts was seen with two independent readers; here it is
// seen that they stay as they were, and that every part that a reader needs is in its place.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import ts from "typescript";

const { outputText } = ts.transpileModule(readFileSync(new URL("../src/lib/qr.ts", import.meta.url), "utf8"), { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } });
const { path, qr } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ticket = (length) => `twin-${Array.from({ length: length - 5 }, (_, i) => LETTERS[(i * 37 + length * 11) % 64]).join("")}`;
const KNOWN = [[14, "552a9c2c70246101"], [26, "d9d6db609c250911"], [60, "fcf2d53b3d42433c"], [100, "bff3e83ae7fc551a"], [122, "e232a5743eae1837"], [150, "c2e78f388882c3f5"], [180, "0fc298604d24309a"], [213, "5d62cf8733255c7d"], [311, "aa12ee0ca9e82e5d"], [450, "4f77c17fa091fd9f"], [666, "d6ee96290bf93854"]];
const digest = (text) => createHash("sha256").update(qr(text).map((row) => row.map(Number).join("")).join("\n")).digest("hex").slice(0, 16);

test("codes that were read stay as they were", () => {
  for (const [length, known] of KNOWN) assert.equal(digest(ticket(length)), known, `${length} characters`);
});

test("finders, timing and size are those of the version; what is too long is refused", () => {
  for (let length = 6; length <= 666; length += 60) {
    const grid = qr(ticket(length));
    const size = grid.length;
    assert.ok(size >= 21 && size <= 97 && size % 4 === 1);
    for (const [x, y] of [[0, 0], [size - 7, 0], [0, size - 7]]) {
      const finder = grid.slice(y, y + 7).map((row) => row.slice(x, x + 7).map(Number).join(""));
      assert.deepEqual(finder, ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]);
    }
    for (let at = 8; at < size - 8; at += 1) assert.equal(grid[6][at], at % 2 === 0);
    // The path draws each dark module once.
    const dark = [...path(grid).matchAll(/h(\d+)v1/g)].reduce((sum, [, wide]) => sum + Number(wide), 0);
    assert.equal(dark, grid.flat().filter(Boolean).length);
  }
  assert.equal(qr(ticket(667)), null);
});
