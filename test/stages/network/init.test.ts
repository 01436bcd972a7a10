import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { init } from "../../../stages/network/init.js";
import { readSnapshot } from "../../../stages/snapshot.js";
import { type ExampleRows, examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { acceptsOptions, checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/network/init");

const rows: ExampleRows = { train: [0, 1, 2, 0], test: [1], classes: ["a", "b", "c"], shape: [4, 4, 1] };
const small = { architecture: "mlp", hidden: [5] };

async function made(options: object, given: ExampleRows = rows, seed = "seed", folder?: string) {
  const { snapshots } = await sentBy(init, {
    options: { ...options },
    seed,
    inputs: { examples: [examplesBatch(given)] },
    ...(folder === undefined ? {} : { folder }),
  });
  assert.is(snapshots.length, 1);
  return readSnapshot(snapshots[0], "tested");
}

async function failure(options: object, given: ExampleRows = rows) {
  const { error, batches } = await runStage(init, {
    options: { ...options },
    inputs: { examples: [examplesBatch(given)] },
  });
  assert.is(batches.snapshots.length, 0);
  return error as JacoflowError;
}

test("sends one snapshot at step 0, its network fitted to the shape and the classes of the examples", async () => {
  const { step, epoch, network, parameters } = await made(small);
  assert.equal([step, epoch], [0, 0]);
  assert.equal(network.input, [4, 4, 1]);
  assert.equal(network.layers.at(-1), { type: "dense", name: "logits", units: 3 });
  assert.is(parameters.length, 16 * 5 + 5 + 5 * 3 + 3);
  assert.ok(parameters.some((value) => value !== 0));
});

test("without class names there are as many outputs as the largest label of either split needs", async () => {
  const { network } = await made(small, { train: [0, 1], test: [3], shape: [2] });
  assert.is((network.layers.at(-1) as { units: number }).units, 4);
});

test("same seed, same parameters; another seed, others; outputScale scales the last kernel alone", async () => {
  const first = (await made(small)).parameters;
  assert.equal(first, (await made(small)).parameters);
  assert.not.equal(first, (await made(small, rows, "other")).parameters);
  const scaled = (await made({ ...small, outputScale: 0.5 })).parameters;
  const last = 16 * 5 + 5;
  assert.equal(scaled.subarray(0, last), first.subarray(0, last));
  scaled.subarray(last, last + 15).forEach((value, at) => {
    assert.ok(Math.abs(value - 0.5 * first[last + at]) < 1e-6);
  });
});

test("a network may be written in the options or in a JSON file; either gives the same", () =>
  withFolder(async (folder) => {
    const network = {
      input: [16],
      layers: [
        { type: "dense", name: "one", units: 4, activation: "tanh" },
        { type: "dense", name: "two", units: 3 },
      ],
    };
    await writeFile(join(folder, "network.json"), JSON.stringify(network));
    const inline = await made({ network });
    assert.equal(inline.network, network, "flat inputs take images of as many pixels");
    const read = await made({ network: "network.json" }, rows, "seed", folder);
    assert.equal(read.network, inline.network);
    assert.equal(read.parameters, inline.parameters);
    assert.equal(await checkStage(init, { network: "network.json" }, folder), []);
    await writeFile(join(folder, "broken.json"), "{ input: ");
    const codes = async (path: string) => (await checkStage(init, { network: path }, folder))[0]?.code;
    assert.is(await codes("absent.json"), "DATA_FILE_UNREADABLE");
    assert.is(await codes("broken.json"), "INVALID_NETWORK");
  }));

test("the initialisation is the architecture's own unless told", async () => {
  const theory = await made({ architecture: "one-hidden-layer", hidden: 7 });
  const output = theory.parameters.subarray(16 * 7);
  assert.ok(output.every((value) => Math.abs(Math.abs(value) - 1 / Math.sqrt(21)) < 1e-7));
  const glorot = await made({ architecture: "one-hidden-layer", hidden: 7, initialisation: "glorot" });
  assert.not.ok(
    glorot.parameters.subarray(16 * 7).every((value) => Math.abs(Math.abs(value) - 1 / Math.sqrt(21)) < 1e-7),
  );
});

test("validate finds what excludes each other, unknown parts and wrong layers", async () => {
  const found = async (options: object) =>
    (await checkStage(init, { ...options })).map(({ code, place }) => `${code} ${place}`);
  assert.equal(await found(small), []);
  assert.equal(await found({}), ["OPTION_VALUE stages.tested.with"]);
  assert.equal(await found({ ...small, network: { input: [2], layers: [] } }), [
    "OPTION_VALUE stages.tested.with.network",
  ]);
  assert.equal(await found({ network: { input: [2], layers: [] }, hidden: 3 }), [
    "OPTION_VALUE stages.tested.with.hidden",
  ]);
  assert.equal(await found({ architecture: "lenet", hidden: 3 }), [
    "ARCHITECTURE_OPTION stages.tested.with.hidden",
  ]);
  assert.equal(await found({ architecture: "one-hidden-layer", hidden: [3, 4] }), [
    "ARCHITECTURE_OPTION stages.tested.with.hidden",
  ]);
  const wrong = { input: [2], layers: [{ type: "denes", name: "x", units: 2 }] };
  assert.match((await checkStage(init, { network: wrong }))[0].remedy ?? "", 'Did you mean "dense"');
});

test("a network that does not fit the examples is an error that says both sizes", async () => {
  const dense = (units: number, input: number[]) => ({
    network: { input, layers: [{ type: "flatten" }, { type: "dense", name: "out", units }] },
  });
  assert.is((await failure(dense(3, [4, 2, 2]))).code, "NETWORK_INPUT");
  assert.match((await failure(dense(3, [4, 2, 2]))).message, "inputs of 4×2×2, the examples are 4×4×1");
  assert.is((await failure(dense(3, [15]))).code, "NETWORK_INPUT");
  assert.is((await failure(dense(4, [16]))).code, "NETWORK_OUTPUTS");
  assert.is((await failure(dense(2, [2]), { train: [0, 2] })).code, "LABEL_OUT_OF_RANGE");
  assert.is(
    (await failure({ architecture: "resnet20" }, { train: [0, 1], shape: [16] })).code,
    "INVALID_LAYER",
  );
});

test("refuses names and values it does not know", () => {
  assert.ok(acceptsOptions(init, { architecture: "resnet20", norm: "batch" }));
  for (const wrong of [
    { architecture: "resnet21" },
    { hidden: 0 },
    { norm: "layer" },
    { activation: "swish" },
    { initialisation: "zero" },
    { width: 3 },
  ]) {
    assert.not(acceptsOptions(init, { ...small, ...wrong }), JSON.stringify(wrong));
  }
});

test.run();
