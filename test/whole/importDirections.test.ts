import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const law = suite("import directions");
const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sourceFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

/** Relative imports of a file, static and dynamic, re-exports and worker files given as URLs too. */
function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, "utf8");
  const patterns = [
    /(?:import|export)\s+(type\s+)?[^;'"]*?from\s+["'](\.[^"']+)["']/g,
    /(type )?(?:import\(|import |new URL\(\s*)["'](\.[^"']+)["']/g,
  ];
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((found) => ({
      from: relative(repository, file),
      to: relative(repository, join(dirname(file), found[2])).replace(/\.js$/, ".ts"),
      typeOnly: found[1] !== undefined,
    })),
  );
}

/** The rooms of design §1; the first that fits a path is its room. */
const rooms: readonly (readonly [room: string, path: RegExp])[] = [
  ["schemas", /^schemas\//],
  ["engine", /^engine\//],
  ["contract", /^pipeline\/(stage|streams)\.ts$/],
  ["stages", /^stages\//],
  ["runtime", /^pipeline\/(file|graph|run)\//],
  ["plugin host", /^plugins\/host\//],
  ["command line", /^pipeline\/cli\//],
  ["public face", /^(index|testing)\.ts$/],
];

const roomOf = (path: string) => rooms.find(([, pattern]) => pattern.test(path))?.[0];

/** What each room may import besides itself; `type` after a room: its types only. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  engine: ["schemas"],
  contract: ["schemas", "engine type"],
  stages: ["contract", "engine", "schemas"],
  runtime: ["contract", "schemas", "engine type"],
  "plugin host": ["contract", "runtime", "schemas"],
  "command line": ["schemas", "engine", "contract", "stages", "runtime", "plugin host", "public face"],
  "public face": ["schemas", "engine", "contract", "stages", "runtime", "plugin host"],
};

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const [here, there] = [roomOf(from), roomOf(to)];
  if (here === undefined || there === undefined) return to === "package.json";
  const may = allowed[here];
  return here === there || may.includes(there) || (typeOnly && may.includes(`${there} type`));
}

const files = ["schemas", "engine", "stages", "pipeline", "plugins/host"]
  .map((folder) => join(repository, folder))
  .filter((folder) => existsSync(folder))
  .flatMap(sourceFiles)
  .concat([join(repository, "index.ts")]);
const imports = files.flatMap(importsOf);

law("every import goes in a direction of design §1", () => {
  const wrong = imports.filter((each) => !isAllowed(each)).map(({ from, to }) => `${from} → ${to}`);
  assert.equal(wrong, []);
});

law("the imports were found: each room imports from another", () => {
  assert.ok(imports.length > 100, `only ${imports.length} imports`);
  for (const room of ["engine", "contract", "runtime", "command line", "public face"]) {
    assert.ok(
      imports.some(({ from, to }) => roomOf(from) === room && roomOf(to) !== room),
      room,
    );
  }
});

law(
  "a wrong direction is seen: a stage in the runtime, the engine's code in the contract, the command line anywhere",
  () => {
    for (const [from, to] of [
      ["pipeline/run/run.ts", "stages/index.ts"],
      ["pipeline/stage.ts", "engine/engines.ts"],
      ["stages/data/idx.ts", "pipeline/run/run.ts"],
      ["schemas/table.ts", "engine/engine.ts"],
      ["index.ts", "pipeline/cli/compose.ts"],
    ]) {
      assert.not.ok(isAllowed({ from, to, typeOnly: false }), `${from} → ${to}`);
    }
    assert.ok(isAllowed({ from: "pipeline/stage.ts", to: "engine/engine.ts", typeOnly: true }));
  },
);

law.run();
