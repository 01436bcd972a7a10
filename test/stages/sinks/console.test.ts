import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { metrics } from "../../../schemas/tables/metrics.js";
import { projection } from "../../../schemas/tables/projection.js";
import { basis, spectrum } from "../../../schemas/tables/spectrum.js";
import { consoleSink } from "../../../stages/sinks/console.js";
import { numberText, percentText, ratioText } from "../../../stages/sinks/numberText.js";
import { inputOf, sinkContext } from "../../support/sinks.js";

const test = suite("sink/console");

async function printed(
  stage: string,
  table: "metrics" | "spectrum" | "projection" | "basis",
  batch: RecordBatch,
) {
  const texts: string[] = [];
  const sink = consoleSink(() => ({
    write: async (text) => void texts.push(String(text)),
    close: async () => undefined,
  }));
  await sink.run({ tables: [inputOf(stage, table, [batch])] }, {}, sinkContext("/nowhere", {}));
  return texts.join("");
}

test("an evaluation is one line, split by split, NaN as a dash", async () => {
  const batch = metrics.batch(
    {
      stage: "train",
      step: 141,
      epoch: 2,
      split: ["train", "train", "test"],
      name: ["loss", "error", "error"],
      value: [0.41234, Number.NaN, 0.132],
    },
    3,
  );
  assert.is(
    await printed("train", "metrics", batch),
    "train  epoch 2 (step 141)  train: loss 0.412, error – · test: error 0.132\n",
  );
});

test("a batch with two evaluations is two lines", async () => {
  const batch = metrics.batch(
    { stage: "train", step: [0, 24], epoch: [0, 1], split: "test", name: "error", value: [0.6, 0.5] },
    2,
  );
  assert.is(
    await printed("train", "metrics", batch),
    "train  epoch 0 (step 0)  test: error 0.6\ntrain  epoch 1 (step 24)  test: error 0.5\n",
  );
});

test("a spectrum is one line a split with its ends and its energy", async () => {
  const values = [183, 182, 181, 15.4, 4.5, 2, 1.96, 0.5];
  const batch = spectrum.batch(
    {
      stage: "svd",
      jacobian_step: 0,
      epoch: 0,
      split: ["train", "train", "train", "train", "train", "train", "train", "test"],
      index: [1, 2, 3, 4, 5, 6, 7, 1],
      singular_value: values,
      residual_bound: 0,
      energy_share: 0.125,
      method: "exact",
      exact: true,
    },
    8,
  );
  assert.is(
    await printed("svd", "spectrum", batch),
    "svd  epoch 0 (step 0)  train: σ 183 182 181 15.4 … 1.96 (7 values, 0.875 of ‖J‖², exact)\n" +
      "svd  epoch 0 (step 0)  test: σ 0.5 (1 value, 0.125 of ‖J‖², exact)\n",
  );
});

test("a projection is one line with its norm ratios and the random baseline", async () => {
  const batch = projection.batch(
    {
      stage: "project",
      step: 0,
      epoch: 0,
      split: "train",
      jacobian_step: 3600,
      target: "label_noise",
      rank: 50,
      cutoff: 1.2,
      gap: Number.POSITIVE_INFINITY,
      information_norm: 2,
      nuisance_norm: 20,
      information_ratio: 0.0951,
      nuisance_ratio: 0.9955,
      information_energy: 0.009,
      pseudo_inverse_norm: 1,
      random_ratio: 0.10541,
      constant_energy: 0,
    },
    1,
  );
  assert.is(
    await printed("project", "projection", batch),
    "project  epoch 0 (step 0)  train: label_noise on J of step 3600: norm ratio 0.0951 information, 0.996 nuisance (rank 50, random 0.105)\n",
  );
});

test("other tables are counted, and a batch with no rows says nothing", async () => {
  const empty = { values: new Float32Array(0), offsets: new Int32Array(2) };
  const columns = {
    stage: "svd",
    jacobian_step: 0,
    epoch: 0,
    split: "train" as const,
    index: 1,
    left: empty,
    ids: { values: new Int32Array(0), offsets: new Int32Array(2) },
    singular_value: 1,
    next_singular_value: 0,
    energy_share: 1,
  };
  assert.is(await printed("svd", "basis", basis.batch(columns, 1)), "svd  basis: 1 row\n");
  const none = metrics.batch({ stage: "x", step: 0, epoch: 0, split: "test", name: "loss", value: [] }, 0);
  assert.is(await printed("train", "metrics", none), "");
});

test("a line is handed over before the next batch is asked for", async () => {
  const order: string[] = [];
  const batch = (step: number) =>
    metrics.batch({ stage: "train", step, epoch: 0, split: "test", name: "loss", value: [1] }, 1);
  async function* batches() {
    for (let step = 0; step < 3; step++) {
      order.push(`asked ${step}`);
      yield batch(step);
    }
  }
  const sink = consoleSink(() => ({
    write: async (text) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      order.push(`written ${/step (\d)/.exec(String(text))?.[1]}`);
    },
    close: async () => undefined,
  }));
  await sink.run({ tables: [inputOf("train", "metrics", batches())] }, {}, sinkContext("/nowhere", {}));
  assert.equal(order, ["asked 0", "written 0", "asked 1", "written 1", "asked 2", "written 2"]);
});

test("numbers are written for people", () => {
  assert.equal(
    [0, -0, 1, 1500, 1234567, 0.09134, 183.4, -0.5, 1.234e-7, 999.96, 1e21].map((value) => numberText(value)),
    ["0", "0", "1", "1,500", "1.23e6", "0.0913", "183", "−0.5", "1.23e-7", "1000", "1.00e21"],
  );
  assert.equal(
    [Number.NaN, undefined, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) =>
      numberText(value),
    ),
    ["–", "–", "∞", "−∞"],
  );
  assert.equal([0.0951, 1, -0.0001, Number.NaN].map(ratioText), ["0.095", "1.000", "0.000", "–"]);
  assert.equal([0.85, 0.0044, 0, 0.0994, 0.0996, undefined].map(percentText), [
    "85 %",
    "0.4 %",
    "0 %",
    "9.9 %",
    "10 %",
    "–",
  ]);
});

test.run();
