// The German table of what the twin says is held against the twin's own sources: nothing missing, nothing left over.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (file) => readFileSync(path.join(ROOT, file), "utf8");

const sources = ["base", "consent", "guard", "identity", "intake", "link", "mirror", "vault", "twin", "gateway"].flatMap((crate) =>
  readdirSync(path.join(ROOT, "crates", crate, "src"), { recursive: true }).filter((file) => file.endsWith(".rs")).map((file) => read(path.join("crates", crate, "src", file))),
);
/** Rust's texts as they read: lines that go on joined, what changes as `{}`. */
const plain = (text) => text.replace(/\\\n\s*/g, "").replace(/\{[\w.:?#]*\}/g, "{}").replaceAll('\\"', '"');
const rust = sources.map(plain).join("\n");
const { outputText } = ts.transpileModule(read("web/src/lib/i18n/de/twin.ts"), { compilerOptions: { module: ts.ModuleKind.ESNext } });
const { default: german } = await import(`data:text/javascript,${encodeURIComponent(outputText)}`);

test("every stream has a German name, and no name is left over", () => {
  const known = [...read("crates/base/src/streams.rs").matchAll(/\bline\(\s*"([a-z0-9_]+)"/g)].map(([, id]) => id);
  assert.ok(known.length > 80);
  assert.deepEqual(Object.keys(german.streams).toSorted(), known.toSorted());
});

test("every sentence that is translated is one that the twin says", () => {
  const gone = Object.keys(german.says).filter((text) => !rust.includes(text));
  assert.deepEqual(gone, []);
  for (const [text, said] of Object.entries(german.says)) assert.equal(said.split("{}").length, text.split("{}").length, text);
});

test("every reason why something was skipped is translated", () => {
  const reasons = [...rust.matchAll(/\bskip\("([^"]+)"/g)].map(([, reason]) => reason);
  assert.ok(reasons.length > 5);
  assert.deepEqual(reasons.filter((reason) => !(reason in german.says)), []);
});

test("every code of a problem has words", () => {
  const codes = [...read("crates/twin/src/door.rs").matchAll(/^ {4}([A-Z][A-Za-z]+),$/gm)].map(([, name]) => name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase());
  assert.ok(codes.includes("not_found"));
  assert.deepEqual(codes.filter((code) => !(code in german.codes)), []);
});
