import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { slowness } from "../support/slowness.js";

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
    const { outcome, plugins, pipeline } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    assert.is(outcome, "done");
    const { version } = JSON.parse(readFileSync(join(repository, "plugins/csv/package.json"), "utf8"));
    assert.equal(pipeline.plugins, ["csv"]);
    assert.equal(plugins, [{ name: "csv", version, file: join(repository, "plugins/csv/dist/index.js") }]);
  }),
);

const names = join(repository, "examples/plugins/names.js");

/** The quickstart's way to the metrics, small, with an architecture and a noise of one's choice. */
function writeNamed(folder: string, file: string, network: string, noise: string, plugins = names): string {
  const path = join(folder, file);
  writeFileSync(
    path,
    `name: named
seed: 3
plugins: [${plugins}]
stages:
  data: { uses: data/gaussian-mixture, with: { classes: 3, dimension: 4, train: 60, test: 30 } }
  noise: { uses: labels/noise, from: data, with: { fraction: 0.4, ${noise} } }
  network: { uses: network/init, from: noise, with: { ${network} } }
  train: { uses: train/gradient-descent, from: [noise, network], with: { learningRate: 0.1, batchSize: 20, epochs: 2 } }
  parquet: { uses: sink/parquet, from: train.metrics }
`,
  );
  return path;
}

law(
  "an architecture, a noise and a layer of a plugin give the bytes of built-in ones that say the same",
  () =>
    withFolder(async (folder) => {
      const runs: readonly (readonly [name: string, network: string, noise: string])[] = [
        ["built-in", "architecture: mlp, hidden: [8, 4]", "kind: pair-flip"],
        ["plugin", "architecture: pyramid, widest: 8", "kind: neighbours, up: 1"],
        [
          "layers",
          "network: { input: [4], layers: [{ type: halving, name: a, units: 8 }, { type: dense, name: out, units: 3 }] }",
          "kind: pair-flip",
        ],
        ["other", "architecture: pyramid, widest: 8", "kind: neighbours"],
      ];
      const kept: Buffer[] = [];
      for (const [name, network, noise] of runs) {
        const file = writeNamed(folder, `${name}.yaml`, network, noise);
        const run = join(folder, name);
        const { code, stderr } = await jacoflow(["run", file, "--out", run, "-q"]);
        assert.is(code, 0, stderr);
        kept.push(readFileSync(join(run, "tables/metrics/train/part-00000.parquet")));
      }
      assert.ok(kept[0].equals(kept[1]));
      assert.ok(kept[0].equals(kept[2]));
      assert.not(kept[0].equals(kept[3]));
    }),
);

law("the options of a plugin's names are checked by its own schemas, with their places", () =>
  withFolder(async (folder) => {
    const refusals = async (network: string, noise: string) => {
      const file = writeNamed(folder, "a.yaml", network, noise);
      const { stdout } = await jacoflow(["validate", file, "--format", "json"]);
      return (JSON.parse(stdout) as { code: string; place: string }[])
        .map(({ code, place }) => `${code} ${place}`)
        .sort();
    };
    const right = "architecture: pyramid, widest: 8";
    assert.equal(await refusals(right, "kind: neighbours"), []);
    assert.equal(await refusals("architecture: pyramid, hidden: 3", "kind: neighbours, up: 2"), [
      "INVALID_OPTION stages.noise.with.up",
      "MISSING_OPTION stages.network.with.widest",
      "UNKNOWN_OPTION stages.network.with.hidden",
    ]);
    assert.equal(await refusals("architecture: mlp, widest: 8", "kind: pair-flip, up: 1"), [
      "UNKNOWN_OPTION stages.network.with.widest",
      "UNKNOWN_OPTION stages.noise.with.up",
    ]);
  }),
);

law("what a plugin makes that is no network or no law ends the run with the plugin's name", () =>
  withFolder(async (folder) => {
    const broken = join(folder, "broken.mjs");
    writeFileSync(
      broken,
      `const options = { type: "object", properties: {} };
export default {
  name: "broken", api: 1,
  architectures: { odd: { summary: "odd", options, network: () => ({ layers: 7 }) } },
  labelNoises: { odd: { summary: "odd", options, law: () => [[0.5]] } },
};
`,
    );
    for (const [network, noise, code] of [
      ["architecture: odd", "kind: pair-flip", "PLUGIN_ARCHITECTURE stages.network.with.architecture"],
      ["architecture: mlp", "kind: odd", "PLUGIN_LABEL_NOISE stages.noise.with.kind"],
    ]) {
      const file = writeNamed(folder, "a.yaml", network, noise, broken);
      const ended = await jacoflow(["run", file, "--out", join(folder, code.split(" ")[0]), "-q"]);
      assert.is.not(ended.code, 0);
      for (const said of [...code.split(" "), 'of plugin "broken"']) assert.match(ended.stderr, said);
    }
  }),
);

law("describe and the editors' schema know the names of a plugin and their options", async () => {
  const described = await jacoflow(["describe", "network/init", "--plugins", names]);
  assert.match(described.stdout, /^options with architecture: pyramid\n {2}widest: /m);
  const { stdout } = await jacoflow(["schema", "--plugins", names]);
  const judge = new Ajv2020({ strict: false }).compile(JSON.parse(stdout));
  const accepts = (uses: string, options: object) =>
    judge({ name: "a", stages: { a: { uses, with: options } } });
  assert.ok(accepts("network/init", { architecture: "pyramid", widest: 8 }));
  assert.ok(accepts("network/init", { architecture: "mlp", hidden: 8 }));
  assert.not(accepts("network/init", { architecture: "pyramid", hidden: 8 }));
  assert.not(accepts("network/init", { architecture: "mlp", widest: 8 }));
  assert.ok(accepts("labels/noise", { fraction: 0.5, kind: "neighbours", up: 1 }));
  assert.not(accepts("labels/noise", { fraction: 0.5, kind: "neighbours", up: 2 }));
  assert.not(accepts("labels/noise", { fraction: 0.5, up: 1 }));
});

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
    assert.ok(milliseconds < 20_000 * slowness(), `it ended after ${milliseconds} ms`);
  }),
);

law("stages, describe and schema know the stages of --plugins, and say whose place one takes", async () => {
  const listed = await jacoflow(["stages", "--plugins", "csv,./examples/plugins/exact-spectrum.js"]);
  assert.is(listed.code, 0, listed.stderr);
  assert.match(listed.stdout, /^data\/csv /m);
  assert.match(listed.stdout, /^jacobian\/spectrum .*\(jacobian\/exact-spectrum\)$/m);
  assert.match((await jacoflow(["describe", "data/csv", "--plugins", "csv"])).stdout, "testShare: number");
  const { stdout } = await jacoflow(["schema", "--plugins", "csv,./examples/plugins/exact-spectrum.js"]);
  const uses = JSON.parse(stdout).$defs.stage.properties.uses.anyOf[0].oneOf.map(
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
