import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, normalize, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("structure");

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

interface Import {
  /** Path from the root for files of ours, else the package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

/** A part of the house and what it may import: path prefixes, `type:` before those of which only types. */
interface Room {
  readonly name: string;
  readonly files: RegExp;
  readonly may: readonly string[];
}

const stageContract = ["stage", "streams", "additions", "journal", "planned", "tableName"].map(
  (name) => `pipeline/${name}.ts`,
);

/** Design §1. The first room whose pattern fits is a file's. */
const rooms: readonly Room[] = [
  { name: "schemas", files: /^schemas\//, may: ["schemas/"] },
  { name: "engine", files: /^engine\//, may: ["engine/", "schemas/"] },
  {
    name: "pipeline/stage.ts",
    files: /^pipeline\/(stage|streams|additions|journal|planned|tableName)\.ts$/,
    may: [...stageContract, "schemas/", "type:engine/engine.ts"],
  },
  { name: "stages", files: /^stages\//, may: ["stages/", "pipeline/stage.ts", "engine/", "schemas/"] },
  {
    name: "pipeline/graph",
    files: /^pipeline\/graph\//,
    may: ["pipeline/graph/", ...stageContract, "schemas/"],
  },
  {
    name: "pipeline/file",
    files: /^pipeline\/file\//,
    may: ["pipeline/file/", "pipeline/graph/", ...stageContract, "schemas/"],
  },
  {
    name: "pipeline/run",
    files: /^pipeline\/run\//,
    may: ["pipeline/run/", "pipeline/graph/", ...stageContract, "schemas/"],
  },
  {
    name: "the live page",
    files: /^pipeline\/serve\/page\//,
    may: [
      "pipeline/serve/page/",
      "type:pipeline/serve/protocol.ts",
      "pipeline/serve/numbers.ts",
      "pipeline/graph/picture/",
      "stages/sinks/",
    ],
  },
  {
    name: "pipeline/serve",
    files: /^pipeline\/serve\//,
    may: [
      "pipeline/serve/",
      "pipeline/run/",
      "pipeline/graph/",
      ...stageContract,
      "stages/sinks/",
      "schemas/",
    ],
  },
  {
    name: "pipeline/cli",
    files: /^pipeline\/cli\//,
    may: ["pipeline/", "stages/", "engine/", "schemas/", "plugins/host/", "plugins/kit/"],
  },
  {
    name: "plugins/host",
    files: /^plugins\/host\//,
    may: ["plugins/host/", "pipeline/file/", "pipeline/stage.ts", "schemas/"],
  },
  {
    name: "plugins/kit",
    files: /^plugins\/kit\//,
    may: ["plugins/kit/", "plugins/host/", "pipeline/run/", "pipeline/stage.ts", "engine/", "schemas/"],
  },
  // What a plugin of anyone may import: `jacoflow` and what its own package.json declares.
  { name: "first-party plugins", files: /^plugins\/[^/]+\/(src|test)\//, may: [] },
  {
    name: "the public face",
    files: /^(index|testing)\.ts$/,
    may: [
      "pipeline/stage.ts",
      "pipeline/file/",
      "pipeline/graph/",
      "pipeline/run/",
      "stages/",
      "engine/",
      "schemas/",
      "plugins/host/",
      "plugins/kit/",
    ],
  },
];

/** What a TypeScript file imports: statements, `import()` and the URLs of worker files. */
function importsOf(file: string, source: string): Import[] {
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean) => {
    const target = specifier.startsWith(".")
      ? normalize(join(dirname(file), specifier))
          .split(sep)
          .join("/")
          .replace(/\.js$/, ".ts")
      : specifier;
    imports.push({ target, typeOnly });
  };
  for (const [, words, specifier] of source.matchAll(
    /^(?:import|export)\s+([^"'`;]*?)\s*\bfrom\s+["']([^"']+)["']/gm,
  )) {
    const named = /^\{([^}]*)\}$/
      .exec(words.trim())?.[1]
      .split(",")
      .map((word) => word.trim());
    const onlyTypes =
      /^type\b/.test(words) ||
      (named?.filter((word) => word !== "").every((word) => word.startsWith("type ")) ?? false);
    add(specifier, onlyTypes);
  }
  for (const [, specifier] of source.matchAll(/^import\s+["']([^"']+)["']/gm)) add(specifier, false);
  for (const [, specifier] of source.matchAll(/\bimport\(\s*["'`]([^"'`]+)["'`]/g)) add(specifier, false);
  for (const [, specifier] of source.matchAll(/new URL\(\s*["'](\.[^"']+)["'],\s*import\.meta\.url/g)) {
    if (/\.[jt]s$/.test(specifier)) add(specifier, false);
  }
  return imports;
}

/** The folder of the first-party plugin a file belongs to, `plugins/csv/`. */
const pluginOf = (file: string) => /^plugins\/[^/]+\/(?=(src|test)\/)/.exec(file)?.[0];
const isTest = (file: string) => /^(test|plugins\/[^/]+\/test)\//.test(file);

/** What is wrong with the imports of one file. */
function violations(file: string, source: string): string[] {
  const room = rooms.find(({ files }) => files.test(file));
  if (room === undefined) return [`${file} belongs to no room`];
  const plugin = pluginOf(file);
  const may =
    plugin === undefined ? room.may : [`${plugin}src/`, ...(isTest(file) ? [`${plugin}test/`] : [])];
  return importsOf(file, source)
    .filter(({ target }) => target.endsWith(".ts") || target.startsWith("../"))
    .filter(
      ({ target, typeOnly }) =>
        !may.some((rule) =>
          rule.startsWith("type:") ? typeOnly && target.startsWith(rule.slice(5)) : target.startsWith(rule),
        ),
    )
    .map(({ target }) => `${file} (${room.name}) imports ${target}`);
}

const folders = ["schemas", "engine", "pipeline", "stages", "plugins"];

async function sourceFiles(): Promise<ReadonlyMap<string, string>> {
  const files: string[] = [];
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const file = relative(root, join(entry.parentPath, entry.name)).split(sep).join("/");
      if (entry.isFile() && file.endsWith(".ts") && !/\/(dist|node_modules)\//.test(file)) files.push(file);
    }
  }
  for (const entry of await readdir(root)) if (entry.endsWith(".ts")) files.push(entry);
  return new Map(
    await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), "utf8")] as const)),
  );
}

test("every file imports only what its room may", async () => {
  const files = await sourceFiles();
  assert.ok(files.size > 30, `${files.size} files looked at`);
  const wrong = [...files].flatMap(([file, source]) => violations(file, source));
  assert.equal(wrong, []);
});

test("no two files of the house import each other's values in a circle", async () => {
  const files = await sourceFiles();
  const uses = new Map(
    [...files].map(([file, source]) => [
      file,
      importsOf(file, source)
        .filter(({ target, typeOnly }) => files.has(target) && !typeOnly)
        .map(({ target }) => target),
    ]),
  );
  const clear = new Set<string>();
  const circles: string[] = [];
  const walk = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file].join(" → "));
    if (way.includes(file) || clear.has(file)) return;
    for (const next of uses.get(file)!) walk(next, [...way, file]);
    clear.add(file);
  };
  for (const file of files.keys()) walk(file, []);
  assert.equal(circles, []);
});

test("files of ours are imported by names that exist, packages only if declared", async () => {
  const files = await sourceFiles();
  const manifests = new Map<string, Record<string, Record<string, string> | undefined>>();
  const wrong: string[] = [];
  for (const [file, source] of files) {
    const folder = pluginOf(file) ?? "";
    const manifest =
      manifests.get(folder) ?? JSON.parse(await readFile(join(root, folder, "package.json"), "utf8"));
    manifests.set(folder, manifest);
    const declared = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
      ...Object.keys(manifest.optionalDependencies ?? {}),
      ...Object.keys(isTest(file) ? (manifest.devDependencies ?? {}) : {}),
    ]);
    for (const { target } of importsOf(file, source)) {
      if (target.endsWith(".ts")) {
        if (!files.has(target)) wrong.push(`${file} imports ${target}, which is not there`);
        continue;
      }
      if (target.startsWith("../") || target.endsWith(".json")) continue;
      const name = target
        .split("/")
        .slice(0, target.startsWith("@") ? 2 : 1)
        .join("/");
      if (target.startsWith("node:") || declared.has(name)) continue;
      wrong.push(
        builtinModules.includes(name)
          ? `${file} imports ${name} without node:`
          : `${file} imports ${name}, undeclared`,
      );
    }
  }
  assert.equal(wrong, []);
});

test("this test finds each kind of import that must not be", () => {
  const wrong: readonly [string, string][] = [
    ["schemas/table.ts", 'import { network } from "../engine/network/network.js";'],
    ["schemas/table.ts", 'export * from "../pipeline/stage.js";'],
    ["engine/engine.ts", 'import type { Stage } from "../pipeline/stage.js";'],
    ["pipeline/stage.ts", 'import { startEngine } from "../engine/engine.js";'],
    ["pipeline/stage.ts", 'import { one, type Engine } from "../engine/engine.js";'],
    ["pipeline/stage.ts", 'import type { Edge } from "./run/edge.js";'],
    ["stages/train/descent.ts", 'import {\n  Edge,\n  type Wire,\n} from "../../pipeline/run/edge.js";'],
    ["stages/train/descent.ts", 'const edge = await import("../../pipeline/run/edge.js");'],
    ["pipeline/run/run.ts", 'import "../../stages/index.js";'],
    ["pipeline/run/run.ts", 'import type { Engine } from "../../engine/engine.js";'],
    ["pipeline/file/load.ts", 'import { runPipeline } from "../run/run.js";'],
    ["pipeline/run/run.ts", 'new Worker(new URL("../../engine/tfjs/worker.js", import.meta.url));'],
    ["index.ts", 'export { main } from "./pipeline/cli/main.js";'],
    ["stages/index.ts", 'import { main } from "../pipeline/cli/main.js";'],
    ["plugins/host/find.ts", 'import { runPipeline } from "../../pipeline/run/run.js";'],
    ["elsewhere/a.ts", ""],
    ["plugins/csv/src/csv.ts", 'import { defineStage } from "../../../pipeline/stage.js";'],
    ["plugins/csv/src/csv.ts", 'import type { Stage } from "../../../index.js";'],
    ["plugins/csv/src/csv.ts", 'import { withFiles } from "../test/folder.js";'],
    ["plugins/csv/test/csv.test.ts", 'import { runStage } from "../../../test/support/stage.js";'],
    ["plugins/keras/src/keras.ts", 'import { readRecords } from "../../csv/src/records.js";'],
    ["pipeline/run/run.ts", 'import { csv } from "../../plugins/csv/src/csv.js";'],
  ];
  for (const [file, source] of wrong) assert.is(violations(file, source).length, 1, `${file}: ${source}`);
  const right: readonly [string, string][] = [
    ["engine/engine.ts", 'import { nearest } from "../schemas/errors/nearest.js";'],
    ["pipeline/stage.ts", 'import type { Engine } from "../engine/engine.js";'],
    ["pipeline/stage.ts", 'import { type Engine } from "../engine/engine.js";\nimport { map } from "rxjs";'],
    ["stages/train/descent.ts", 'import { defineStage } from "../../pipeline/stage.js";'],
    ["pipeline/cli/main.ts", 'import { stages } from "../../stages/index.js";'],
    ["pipeline/run/run.ts", '/** import { a } from "../../stages/index.js"; */'],
  ];
  for (const [file, source] of right) assert.equal(violations(file, source), []);
});

test.run();
