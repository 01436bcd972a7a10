import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { assertWithin } from "../support/slowness.js";

const law = suite("built command line");

law.before(build);

law("help starts in under 250 ms on a quiet machine and lists every command", async () => {
  const names = "run validate graph stages describe inspect schema report doctor".split(" ");
  const helped = async () => {
    const { code, stdout, milliseconds } = await jacoflow(["--help"]);
    assert.is(code, 0);
    for (const name of names) assert.match(stdout, `jacoflow ${name}`);
    return milliseconds;
  };
  await assertWithin(250, helped, 20);
});

law("version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  const { code, stdout } = await jacoflow(["--version"]);
  assert.is(code, 0);
  assert.is(stdout.trim(), version);
});

law("what is said goes to stderr, what is data to stdout", async () => {
  const { code, stdout, stderr } = await jacoflow(["descibe", "data/idx"]);
  assert.is(code, 2);
  assert.is(stdout, "");
  assert.is(stderr, 'error UNKNOWN_COMMAND\n  there is no command "descibe"\n  Did you mean "describe"?\n');
});

law("a mistyped stage is answered with the nearest one", async () => {
  const { code, stderr } = await jacoflow(["describe", "jacobian/spectrm"]);
  assert.is(code, 2);
  assert.match(stderr, 'Did you mean "jacobian/spectrum"?');
});

law("every listed stage describes itself, and every option of it", async () => {
  const { code, stdout } = await jacoflow(["stages"]);
  assert.is(code, 0);
  const names = stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/\s+/)[0]);
  assert.ok(names.length >= 12, stdout);
  for (const name of names) {
    const described = await jacoflow(["describe", name]);
    assert.is(described.code, 0);
    assert.match(described.stdout, name);
    assert.not.match(described.stdout, /anything|undefined/);
    assert.match(described.stdout, `uses: ${name}`);
  }
});

law("every example file is valid, and its graph has every stage", async () => {
  for (const file of ["examples/quickstart.yaml", "examples/spectrum.yaml"]) {
    const validated = await jacoflow(["validate", file]);
    assert.is(validated.code, 0, validated.stderr);
    const mermaid = await jacoflow(["graph", file]);
    assert.match(mermaid.stdout, /^flowchart LR\n/);
    assert.match(mermaid.stdout, "jacobian/spectrum");
    const dot = await jacoflow(["graph", file, "--format", "dot"]);
    assert.match(dot.stdout, /^digraph /);
  }
});

law("a dry run shows the tables on the edges and runs nothing", async () => {
  const { code, stdout } = await jacoflow(["run", "examples/quickstart.yaml", "--dry-run"]);
  assert.is(code, 0);
  assert.match(stdout, "reads examples from data.examples (whole)");
  assert.match(stdout, /memory: .*limit/);
  const asData = await jacoflow(["run", "examples/quickstart.yaml", "--dry-run", "--json"]);
  assert.is(JSON.parse(asData.stdout).name, "noisy-fashion");
});

law("doctor names the engine, why it is the one, and versions", async () => {
  const { code, stdout } = await jacoflow(["doctor"]);
  assert.is(code, 0);
  for (const word of ["native", "wasm", "why", "threads", process.versions.node, "@tensorflow/tfjs-core"]) {
    assert.match(stdout, word);
  }
});

law("doctor --build says what it needs and fails where there is no compiler", () =>
  withFolder(async (folder) => {
    // A copy whose native engine was never built.
    for (const part of ["package.json", "dist", "scripts", "engine/native/addon.cpp", "engine/native/core"]) {
      cpSync(join(repository, part), join(folder, part), { recursive: true });
    }
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    const { code, stdout, stderr } = await jacoflow(["doctor", "--build"], {
      environment: { CXX: "no-such-compiler" },
      program: join(folder, "dist/pipeline/cli/main.js"),
    });
    assert.is(code, 1);
    assert.match(stderr, "no C++ compiler was found");
    assert.match(stdout, /^engine +wasm$/m);
    assert.match(stdout, /native +not available: no C\+\+ compiler/);
  }),
);

law("a number of threads that is none is refused", async () => {
  for (const threads of ["0", "two", "1.5", "9999"]) {
    const { code, stderr } = await jacoflow(["run", "examples/quickstart.yaml", "--threads", threads]);
    assert.is(code, 2);
    assert.match(stderr, "whole number from 1 to 1024");
  }
});

law.run();
