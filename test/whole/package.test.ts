import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, repository } from "../support/builtCommandLine.js";

const law = suite("the npm package");
let packed: readonly string[] = [];

law.before(() => {
  build();
  const { stdout, stderr, status } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: repository,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const listing = JSON.parse(stdout) as unknown;
  // A list of packages, or since npm 12 a map of them.
  const [{ files }] = Object.values(listing as Record<string, { files: readonly { path: string }[] }>);
  packed = files.map(({ path }) => path);
});

const isThere = (path: string) =>
  packed.includes(path) || packed.some((file) => file.startsWith(`${path.replace(/\/$/, "")}/`));

law("the programs and modules that package.json names are in it", () => {
  const { bin, exports } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const named = [...Object.values(bin), ...Object.values(exports)].flatMap((entry) =>
    typeof entry === "string" ? [entry] : Object.values(entry as Record<string, string>),
  ) as string[];
  for (const path of named) assert.ok(isThere(posix.normalize(path)), `${path} is missing`);
});

law("what the examples read and what README and ARCHITECTURE link to is in it", () => {
  for (const example of packed.filter((file) => /^examples\/[^/]+\.yaml$/.test(file))) {
    const text = readFileSync(join(repository, example), "utf8");
    for (const [, path] of text.matchAll(/\b(?:path|network|weights): *(\.?[\w.-]*\/[\w./-]+)/g)) {
      const file = posix.join("examples", path);
      assert.ok(existsSync(join(repository, file)) && isThere(file), `${example} reads ${file}`);
    }
  }
  for (const page of ["README.md", "ARCHITECTURE.md"]) {
    const text = readFileSync(join(repository, page), "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(isThere(posix.normalize(target)), `${page} links to ${target}`);
    }
  }
});

law("the native engine can be built from it", () => {
  const addon = readFileSync(join(repository, "engine/native/addon.cpp"), "utf8");
  const headers = [...addon.matchAll(/#include "([^"]+)"/g)].map(([, path]) => `engine/native/${path}`);
  assert.ok(headers.length > 0);
  for (const file of ["scripts/build-native.mjs", "engine/native/addon.cpp", ...headers]) {
    assert.ok(isThere(file), `${file} is missing`);
  }
});

law("nothing of the workshop is in it", () => {
  const stray = packed.filter((file) =>
    /\.map$|\.tsbuildinfo$|\.node$|^runs\/|^test\/(?!golden\/)/.test(file),
  );
  assert.equal(stray, []);
});

law.run();
