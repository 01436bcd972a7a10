import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";

const law = suite("plugins of a pipeline file");

law.before(build);

/** A file that trains on a table of flowers in CSV form, and the table beside it. */
function writeFlowers(folder: string, plugins = "[csv]"): string {
  const rows = Array.from({ length: 40 }, (_, row) => {
    const kind = row % 2;
    return `${kind + Math.sin(row) / 4},${Math.cos(row) / 4 - kind},${kind === 0 ? "rose" : "aster"}`;
  });
  writeFileSync(join(folder, "flowers.csv"), `width,height,kind\n${rows.join("\n")}\n`);
  const file = join(folder, "flowers.yaml");
  writeFileSync(
    file,
    `name: flowers
plugins: ${plugins}
stages:
  data: { uses: data/csv, with: { path: flowers.csv, label: kind, testShare: 0.25 } }
  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [4] } }
  train: { uses: train/gradient-descent, from: [data, network], with: { learningRate: 0.5, batchSize: full, epochs: 3 } }
  parquet: { uses: sink/parquet, from: train.metrics }
`,
  );
  return file;
}

law("a first-party plugin that a file lists reads its data, and run.json says which one it was", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const { code, stderr } = await jacoflow(["run", writeFlowers(folder), "--out", run, "-q"]);
    assert.is(code, 0, stderr);
    const { outcome, plugins } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    assert.is(outcome, "done");
    const { version } = JSON.parse(readFileSync(join(repository, "plugins/csv/package.json"), "utf8"));
    assert.equal(plugins, [{ name: "csv", version, file: join(repository, "plugins/csv/dist/index.js") }]);
  }),
);

law("a mistake of --plugins is shown in the command line, one of the file in the file", () =>
  withFolder(async (folder) => {
    const file = writeFlowers(folder, "[csv, ./no.js]");
    const { code, stdout } = await jacoflow([
      "validate",
      file,
      "--plugins",
      "csv,./nowhere.js",
      "--format",
      "json",
    ]);
    assert.is(code, 78);
    const found = (JSON.parse(stdout) as { code: string; file: string; line: number; column: number }[]).map(
      (one) => `${one.code} ${one.file}:${one.line}:${one.column}`,
    );
    assert.equal(found, [
      "PLUGIN_NAME_TAKEN command line:1:11",
      "PLUGIN_NOT_FOUND command line:1:15",
      `PLUGIN_NOT_FOUND ${file}:2:16`,
    ]);
  }),
);

law("--no-plugins refuses what the file lists", () =>
  withFolder(async (folder) => {
    const { code, stderr } = await jacoflow(["validate", writeFlowers(folder), "--no-plugins"]);
    assert.is(code, 78);
    assert.match(stderr, "PLUGINS_FORBIDDEN");
  }),
);

law("a plugin that leaves something waiting does not keep a command that failed", () =>
  withFolder(async (folder) => {
    writeFileSync(
      join(folder, "waiting.mjs"),
      'setInterval(() => {}, 1000);\nexport default { name: "waiting", api: 2 };\n',
    );
    const { code, milliseconds } = await jacoflow(["stages", "--plugins", "./waiting.mjs"], { folder });
    assert.is(code, 78);
    assert.ok(milliseconds < 20_000);
  }),
);

law("stages, describe and schema know the stages of --plugins, and say whose place one takes", async () => {
  const listed = await jacoflow(["stages", "--plugins", "csv,./examples/plugins/exact-spectrum.js"]);
  assert.is(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^data\/csv /m);
  assert.match(listed.stdout, /^jacobian\/spectrum .*\(jacobian\/exact-spectrum\)$/m);
  assert.match((await jacoflow(["describe", "data/csv", "--plugins", "csv"])).stdout, "testShare: number");
  const { stdout } = await jacoflow(["schema", "--plugins", "csv,./examples/plugins/exact-spectrum.js"]);
  const uses = JSON.parse(stdout).$defs.stage.properties.uses.oneOf.map(
    (one: { const: string }) => one.const,
  );
  for (const name of ["data/csv", "jacobian/exact-spectrum", "jacobian/spectrum"]) {
    assert.is(uses.filter((one: string) => one === name).length, 1, name);
  }
  const refused = await jacoflow(["stages", "--plugins", "nowhere"]);
  assert.is(refused.code, 78);
  assert.match(refused.stderr, "error PLUGIN_NOT_FOUND command line:1:11");
});

law.run();
