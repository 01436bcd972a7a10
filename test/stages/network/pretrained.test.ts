import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterLayout } from "../../../engine/network/layout.js";
import { writeSafetensors } from "../../../engine/network/safetensors.js";
import { tensorsFrom } from "../../../engine/network/weights.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { headOf } from "../../../stages/network/head.js";
import { init } from "../../../stages/network/init.js";
import { pretrained } from "../../../stages/network/pretrained.js";
import { readSnapshot, snapshotWriter } from "../../../stages/snapshot.js";
import { type ExampleRows, examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { golden, goldenPath } from "../../support/golden.js";
import { checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/network/pretrained");

const rows: ExampleRows = { train: [0, 1, 2, 0], classes: ["a", "b", "c"], shape: [6] };
const twoClasses: ExampleRows = { train: [0, 1, 1], classes: ["a", "b"], shape: [6] };
const architecture = { architecture: "mlp", hidden: [5] };

/** A snapshot of a small network for `given`. */
async function trained(given: ExampleRows = rows): Promise<RecordBatch> {
  const { snapshots } = await sentBy(init, {
    options: architecture,
    inputs: { examples: [examplesBatch(given)] },
  });
  return snapshots[0];
}

async function loaded(
  options: object,
  given: ExampleRows,
  { folder, snapshots }: { folder?: string; snapshots?: readonly RecordBatch[] } = {},
) {
  const result = await runStage(pretrained, {
    options: { ...options },
    inputs: { examples: [examplesBatch(given)], ...(snapshots === undefined ? {} : { snapshots }) },
    ...(folder === undefined ? {} : { folder }),
  });
  const [batch] = result.batches.snapshots;
  return {
    error: result.error as JacoflowError | undefined,
    logs: result.logs,
    snapshot: batch === undefined ? undefined : readSnapshot(batch, "tested"),
  };
}

async function writeWeights(folder: string, batch: RecordBatch): Promise<void> {
  const { network, parameters } = readSnapshot(batch, "weights");
  const tensors = tensorsFrom(parameterLayout(network), parameters);
  await writeFile(join(folder, "w.safetensors"), writeSafetensors(tensors));
}

test("a golden network and its weights come out as they are", async () => {
  const { network, parameters, features } = golden("resnet20-pretrained");
  const paths = {
    network: fileURLToPath(goldenPath("resnet20-pretrained", "network.json")),
    weights: fileURLToPath(goldenPath("resnet20-pretrained", "weights.safetensors")),
  };
  assert.equal(await checkStage(pretrained, paths), []);
  const { snapshot, error } = await loaded(paths, { train: [0, 9], shape: [32, 32, 3] });
  assert.is(error, undefined);
  assert.equal(snapshot?.network, network);
  assert.equal(snapshot?.parameters, parameters);
  assert.is(snapshot?.step, 0);
  assert.is(features.columns, 3072);
});

test("an architecture takes its outputs from the weights when the examples name no classes", () =>
  withFolder(async (folder) => {
    const batch = await trained();
    await writeWeights(folder, batch);
    const options = { ...architecture, weights: "w.safetensors" };
    assert.equal(await checkStage(pretrained, options, folder), []);
    const { snapshot } = await loaded(options, { train: [0, 1], shape: [6] }, { folder });
    assert.equal(snapshot?.parameters, readSnapshot(batch, "w").parameters);
  }));

for (const from of ["weights", "snapshots"] as const) {
  test(`with other classes than the ${from} the head is made anew and the rest kept`, () =>
    withFolder(async (folder) => {
      const batch = await trained();
      await writeWeights(folder, batch);
      const { snapshot, logs, error } =
        from === "weights"
          ? await loaded({ ...architecture, weights: "w.safetensors" }, twoClasses, { folder })
          : await loaded({}, twoClasses, { snapshots: [batch] });
      assert.is(error, undefined);
      assert.is(snapshot === undefined ? undefined : headOf(snapshot.network)?.units, 2);
      const body = 6 * 5 + 5;
      const before = readSnapshot(batch, "w").parameters;
      assert.equal(snapshot?.parameters.subarray(0, body), before.subarray(0, body));
      assert.is(snapshot?.parameters.length, body + 5 * 2 + 2);
      assert.ok(snapshot?.parameters.subarray(body, body + 10).every((value) => value !== 0));
      assert.match(logs[0].message, "logits is made anew for 2 classes");
    }));
}

test("of several snapshots the last is taken, and starts at step 0", async () => {
  const batch = await trained();
  const { network, parameters } = readSnapshot(batch, "w");
  const later = snapshotWriter(network).batch(
    70,
    3.5,
    parameters.map((value) => value + 1),
  );
  const { snapshot } = await loaded({}, rows, { snapshots: [batch, later] });
  assert.equal(
    snapshot?.parameters,
    parameters.map((value) => value + 1),
  );
  assert.equal([snapshot?.step, snapshot?.epoch], [0, 0]);
});

test("weights that are missing, cut short, of a wrong shape or of another network are invalid", () =>
  withFolder(async (folder) => {
    const batch = await trained();
    await writeWeights(folder, batch);
    const options = { ...architecture, weights: "w.safetensors" };
    const code = async (given: object) => {
      const { error, snapshot } = await loaded(given, rows, { folder });
      assert.is(snapshot, undefined);
      assert.is(error?.exitCode, 78);
      return error?.code;
    };
    assert.is(await code({ ...options, weights: "absent.safetensors" }), "DATA_FILE_UNREADABLE");
    assert.is(await code({ ...options, hidden: [4] }), "WEIGHT_SHAPE");
    assert.is(await code({ ...options, hidden: [5, 5] }), "MISSING_WEIGHT");
    const { network } = readSnapshot(batch, "w");
    const narrower = { ...network, layers: [network.layers[0], { type: "dense", name: "logits", units: 4 }] };
    const checked = await checkStage(pretrained, { network: narrower, weights: "w.safetensors" }, folder);
    assert.is(checked[0].code, "WEIGHT_SHAPE", "a described network must fit its weights");
    await writeFile(join(folder, "w.safetensors"), Buffer.from([9, 0, 0, 0]));
    assert.is(await code(options), "INVALID_SAFETENSORS");
    assert.is((await checkStage(pretrained, options, folder))[0].code, "INVALID_SAFETENSORS");
  }));

test("it must be said once which network to start from", async () => {
  const batch = await trained();
  assert.is((await loaded({}, rows)).error?.code, "OPTION_VALUE");
  assert.is((await loaded(architecture, rows, { snapshots: [batch] })).error?.code, "OPTION_VALUE");
  assert.is((await loaded({}, rows, { snapshots: [] })).error?.code, "NO_SNAPSHOT");
  assert.is((await checkStage(pretrained, architecture))[0].place, "stages.tested.with.weights");
  assert.is((await checkStage(pretrained, { weights: "w.safetensors" }))[0].place, "stages.tested.with");
  assert.equal(await checkStage(pretrained, {}), []);
});

test.run();
