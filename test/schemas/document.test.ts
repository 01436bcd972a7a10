import { readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tablesDocument } from "../../schemas/document.js";

const test = suite("schemas/document");
const root = new URL("../../", import.meta.url);

test("docs/tables.md is what the definitions say", () => {
  const written = readFileSync(new URL("docs/tables.md", root), "utf8");
  assert.is(written, tablesDocument(), "run: npm run documents");
});

test("every table defined in schemas/tables is documented, with no column left out", () => {
  const folder = new URL("schemas/tables/", root);
  const text = tablesDocument();
  let defined = 0;
  for (const file of readdirSync(folder)) {
    const source = readFileSync(new URL(file, folder), "utf8");
    for (const [, name] of source.matchAll(/defineTable\(\s*"([a-z]+)"/g)) {
      defined += 1;
      assert.match(text, new RegExp(`^## ${name}$`, "m"), name);
    }
    for (const [, column] of source.matchAll(
      /^\s+([a-z_]+): (?:utf8|split|int32|int64|float64|bool|float32)/gm,
    )) {
      assert.ok(text.includes(`| \`${column}\` |`), column);
    }
  }
  assert.ok(defined >= 8);
});

test.run();
