import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { parametersTable } from "../../schemas/tables/parameters.js";
import { readSnapshot, snapshotWriter } from "../../stages/snapshot.js";
import { golden, goldenNames } from "../support/golden.js";

const test = suite("stages/snapshot");

test("what is written is read, for every golden network, without copying the parameters in", () => {
  for (const name of goldenNames) {
    const { network, parameters } = golden(name);
    const writer = snapshotWriter(network);
    const batch = writer.batch(12, 0.75, parameters);
    const found = readSnapshot(batch, name);
    assert.equal(found.parameters, parameters, name);
    assert.equal(found.network, network);
    assert.equal([found.step, found.epoch], [12, 0.75]);
    assert.is(parametersTable(network).read(batch).values.values.buffer, parameters.buffer);
    assert.is(writer.batch(13, 1, parameters).schema, batch.schema, "one schema a writer");
  }
});

test("rows of a snapshot may come in another order", () => {
  const { network, parameters } = golden("mlp-tanh");
  const table = parametersTable(network);
  const read = table.read(snapshotWriter(network).batch(1, 1, parameters));
  const rows = read.tensor.length;
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(rows).keys()], { minLength: rows }), (order) => {
      const pick = (list: { values: Float32Array | Int32Array; offsets: Int32Array }) =>
        order.map((row) => [...list.values.subarray(list.offsets[row], list.offsets[row + 1])]);
      const offsets = (lists: readonly (readonly number[])[]) =>
        Int32Array.from([0, ...lists].map((_, at) => lists.slice(0, at).flat().length));
      const values = pick(read.values);
      const shapes = pick(read.shape);
      const batch = table.batch(
        {
          step: 1,
          epoch: 1,
          tensor: order.map((row) => read.tensor[row]),
          shape: { values: Int32Array.from(shapes.flat()), offsets: offsets(shapes) },
          trainable: order.map((row) => read.trainable[row]),
          values: { values: Float32Array.from(values.flat()), offsets: offsets(values) },
        },
        rows,
      );
      assert.equal(readSnapshot(batch, "shuffled").parameters, parameters);
    }),
    { numRuns: 5 },
  );
});

test("a batch without a network or without tensors is an error", () => {
  const code = (act: () => unknown) => {
    try {
      act();
      return undefined;
    } catch (error) {
      return (error as JacoflowError).code;
    }
  };
  const { network, parameters } = golden("mlp-tanh");
  const row = { stage: "s", step: 0, epoch: 0, split: "train", name: "loss", value: 0 } as const;
  assert.is(
    code(() => readSnapshot(metrics.batch(row, 1), "x")),
    "NO_NETWORK",
  );
  assert.is(
    code(() => readSnapshot(snapshotWriter(network).batch(0, 0, parameters).slice(0, 0), "x")),
    "EMPTY_SNAPSHOT",
  );
  assert.is(
    code(() => readSnapshot(snapshotWriter(network).batch(0, 0, parameters).slice(1), "x")),
    "MISSING_WEIGHT",
  );
});

test.run();
