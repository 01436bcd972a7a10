import { spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { assertWithin } from "../support/slowness.js";

const law = suite("preparation");

/** A project of two source files that is prepared as this one is, with this one's packages. */
function layProject(folder: string): void {
  for (const file of [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "tsconfig.page.json",
    "scripts/prepare.mjs",
    "scripts/build-native.mjs",
  ]) {
    cpSync(join(repository, file), join(folder, file));
  }
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  // The native engine as it is: built, and nothing of it to compile here.
  mkdirSync(join(folder, "engine/native"), { recursive: true });
  for (const name of ["addon.cpp", "core", "build"]) {
    symlinkSync(join(repository, "engine/native", name), join(folder, "engine/native", name));
  }
  mkdirSync(join(folder, "pipeline/cli"), { recursive: true });
  mkdirSync(join(folder, "pipeline/serve/page"), { recursive: true });
  writeFileSync(join(folder, "pipeline/serve/page/main.ts"), 'document.title = "";\n');
  writeFileSync(join(folder, "index.ts"), "export const one = 1;\n");
  writeFileSync(
    join(folder, "pipeline/cli/main.ts"),
    'import { one } from "../../index.js";\nprocess.stdout.write(String(one));\n',
  );
}

interface Prepared {
  readonly code: number | null;
  readonly said: string;
  readonly milliseconds: number;
}

function prepare(folder: string): Promise<Prepared> {
  const start = performance.now();
  const child = spawn(process.execPath, ["scripts/prepare.mjs"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return new Promise((resolve) =>
    child.on("close", (code) => resolve({ code, said, milliseconds: performance.now() - start })),
  );
}

law("builds what is not built, then is silent and quick", () =>
  withFolder(async (folder) => {
    layProject(folder);
    assert.match((await prepare(folder)).said, "building dist");
    assert.ok(existsSync(join(folder, "dist/pipeline/cli/main.js")));
    await assertWithin(500, async () => {
      const { said, milliseconds } = await prepare(folder);
      assert.is(said, "");
      return milliseconds;
    });
  }),
);

law("two at once build once", () =>
  withFolder(async (folder) => {
    layProject(folder);
    const both = await Promise.all([prepare(folder), prepare(folder), prepare(folder)]);
    assert.equal(
      both.map(({ code }) => code),
      [0, 0, 0],
    );
    const builds = both.flatMap(({ said }) => said.match(/building dist/g) ?? []);
    assert.is(builds.length, 1);
    assert.equal(readdirSync(join(folder, ".tmp")), []);
  }),
);

law("the lock of a killed preparation holds nobody up", () =>
  withFolder(async (folder) => {
    layProject(folder);
    mkdirSync(join(folder, ".tmp"));
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(join(folder, ".tmp/prepare.lock"), String(dead));
    assert.is((await prepare(folder)).code, 0);
  }),
);

law("a changed source is built again, whatever its time; a removed one leaves nothing behind", () =>
  withFolder(async (folder) => {
    layProject(folder);
    mkdirSync(join(folder, "schemas"));
    writeFileSync(join(folder, "schemas/two.ts"), "export const two = 2;\n");
    await prepare(folder);
    assert.ok(existsSync(join(folder, "dist/schemas/two.js")));
    rmSync(join(folder, "schemas/two.ts"));
    writeFileSync(join(folder, "index.ts"), "export const one = 11;\n");
    utimesSync(join(folder, "index.ts"), 1, 1);
    assert.match((await prepare(folder)).said, "building dist");
    assert.not.ok(existsSync(join(folder, "dist/schemas/two.js")));
    assert.match(readFileSync(join(folder, "dist/index.js"), "utf8"), "11");
  }),
);

law("a type error fails, and fails again", () =>
  withFolder(async (folder) => {
    layProject(folder);
    writeFileSync(join(folder, "index.ts"), 'export const one: number = "1";\n');
    for (let trial = 0; trial < 2; trial += 1) {
      const { code, said } = await prepare(folder);
      assert.is(code, 1);
      assert.match(said, "index.ts");
    }
  }),
);

law("tests run without esbuild's install script, which npm may leave out", () =>
  withFolder(async (folder) => {
    const packages = ["tsx", "get-tsconfig", "resolve-pkg-maps", "esbuild", "@esbuild"];
    for (const name of packages.filter((each) => existsSync(join(repository, "node_modules", each)))) {
      cpSync(join(repository, "node_modules", name), join(folder, "node_modules", name), { recursive: true });
    }
    // The install script only replaces this file by the platform package's.
    rmSync(join(folder, "node_modules/esbuild/bin"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "answer.ts"), "const answer: number = 42;\nconsole.log(answer);\n");
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "answer.ts"], {
      cwd: folder,
      // uvu sets it for its own output.
      env: { ...process.env, FORCE_COLOR: undefined },
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
    assert.is(stdout, "42\n");
  }),
);

law.run();
