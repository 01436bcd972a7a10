import { existsSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorSections, errorsDocument } from "../../scripts/errorsDocument.js";

const test = suite("schemas/errors");
const root = new URL("../../", import.meta.url);
const document = await errorsDocument();
const forms = (await errorSections()).flatMap((section) => section.forms);

test("docs/errors.md is what the messages say", () => {
  const written = readFileSync(new URL("docs/errors.md", root), "utf8");
  assert.is(written, document, "run: npm run documents");
});

/** Sources of the first-party plugins. */
const plugins = readdirSync(new URL("plugins/", root))
  .map((name) => `plugins/${name}/src/`)
  .filter((folder) => existsSync(new URL(folder, root)));

/** Every code that stands in a source as one, however the error is made. */
function codesIn(folder: string): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const name of readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const source = readFileSync(new URL(`${folder}${name}`, root), "utf8");
    for (const [, code] of source.matchAll(/(?:\binvalid\(\s*|\bcode:[^"\n,]*)"([A-Z][A-Z0-9_]+)"/g)) {
      codes.add(code);
    }
  }
  return codes;
}

test("every code of the sources is documented, once", () => {
  const rows = [...document.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, code]) => code);
  assert.equal([...new Set(rows)].sort(), [...rows].sort());
  const made = new Set([...codesIn("schemas/errors/"), ...plugins.flatMap((folder) => [...codesIn(folder)])]);
  assert.ok(made.size > 100, `${made.size} codes found`);
  assert.ok(made.has("CSV_SHAPE") && made.has("KERNEL_OUTPUTS"));
  assert.equal(
    [...made].filter((code) => !rows.includes(code)),
    [],
  );
  assert.equal(
    rows.filter((code) => !made.has(code)),
    [],
  );
});

test("the README of each plugin leads to its codes", () => {
  const anchors = [...document.matchAll(/^## (Plugin .+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, "")
      .replaceAll(" ", "-"),
  );
  assert.is(anchors.length, plugins.length);
  for (const folder of plugins) {
    const readme = readFileSync(new URL(`${folder}../README.md`, root), "utf8");
    const [, anchor] = /\]\(\.\.\/\.\.\/docs\/errors\.md#([^)]+)\)/.exec(readme) ?? [];
    assert.ok(
      anchors.includes(anchor) && anchor.startsWith(`plugin-${folder.split("/")[1]}-`),
      `${folder}: ${anchor}`,
    );
  }
});

test("a code is a word of capitals, and every error says what to do", () => {
  for (const { code, message, remedy } of forms) {
    assert.match(code, /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
    assert.match(message, /\S/, code);
    assert.match(remedy, /\S/, code);
    assert.not.match(`${message}${remedy}`, /undefined|\[object|NaN/, code);
  }
});

test("an error made of other words only has a docstring that says what it means", () => {
  for (const { code, message, note } of forms) {
    const own = message.replaceAll(/‹\w+›|…/g, "");
    assert.ok(/\w/.test(own) || note !== "", `${code}: "${message}"`);
  }
});

test("no error is made outside schemas/errors, but anew with a code it has", () => {
  for (const folder of ["engine/", "stages/", "pipeline/"]) {
    const strange = [...codesIn(folder)].filter((code) => !forms.some((form) => form.code === code));
    assert.equal(
      strange.filter((code) => code !== "UNEXPECTED"),
      [],
      folder,
    );
  }
});

test.run();
