import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Network } from "../../../engine/network/network.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import { backendsHere, rejection, startTensorflow, withModel } from "../../support/engine.js";
import { firstRows, golden } from "../../support/golden.js";

for (const backend of backendsHere()) {
  const test = suite(`memory on ${backend}`);
  let engine: TensorflowEngine;
  test.before(async () => {
    engine = await startTensorflow(backend);
  });
  test.after(() => engine.close());

  const adam = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
  const ones = (rows: number, columns: number) => ({
    ...{ rows, columns },
    values: new Float32Array(rows * columns).fill(1),
  });

  test("whatever it does, the count of tensors is the same afterwards", async () => {
    const before = await engine.tensorCount();
    for (const name of ["cnn-pool", "resnet20-pretrained"] as const) {
      const { network, parameters, features, labels } = golden(name);
      const few = firstRows(features, 3);
      await withModel(engine, network, parameters, async (model) => {
        const p = model.layout.trainableCount;
        const training = await model.train({ loss: "squared", optimizer: adam, features, labels });
        const kinds = {
          load: () => model.load(parameters),
          forward: () => model.forward(few),
          rows: () => model.rows(few),
          gram: () => model.gram(few),
          sweep: () => model.sweep(few, ones(p, 3)),
          step: () => training.step(Int32Array.of(0, 1, 2), 0.01, "batch"),
          "step with frozen statistics": () => training.step(Int32Array.of(0, 1, 2), 0.01, "moving"),
        };
        for (const work of Object.values(kinds)) await work();
        const warm = await engine.tensorCount();
        for (const [kind, work] of Object.entries(kinds)) {
          await work();
          // Loading drops the kernels turned for the way back; the next pass makes them again.
          if (kind !== "load" && kind !== "forward")
            assert.is(await engine.tensorCount(), warm, `${name}, ${kind}`);
        }
        await training.close();
      });
    }
    assert.is(await engine.tensorCount(), before);
  });

  test("the count of tensors is flat over 1,000 steps of training", async () => {
    const { network, parameters, features, labels } = golden("mlp-tanh");
    await withModel(engine, network, parameters, async (model) => {
      const training = await model.train({ loss: "cross-entropy", optimizer: adam, features, labels });
      const step = (at: number) =>
        training.step(
          Int32Array.from({ length: 8 }, (_, i) => (at + i) % features.rows),
          1e-3,
          "batch",
        );
      await step(0);
      const warm = await engine.tensorCount();
      for (let at = 1; at <= 1000; at += 1) {
        await step(at);
        if (at % 100 === 0) assert.is(await engine.tensorCount(), warm, `step ${at}`);
      }
      await training.close();
    });
  });

  test("a pass over more examples takes no more tensors, whatever the block", async () => {
    const { network, parameters, features } = golden("cnn-pool");
    await withModel(engine, network, parameters, async (model) => {
      const p = model.layout.trainableCount;
      const copies = 12;
      const values = new Float32Array(copies * features.values.length);
      for (let copy = 0; copy < copies; copy += 1) values.set(features.values, copy * features.values.length);
      const many = { ...features, rows: copies * features.rows, values };
      await model.sweep(features, ones(p, 2));
      const before = await engine.tensorCount();
      const once = await model.sweep(features, ones(p, 2));
      const often = await model.sweep(many, ones(p, 2));
      assert.is(await engine.tensorCount(), before);
      const size = once.product.values.length;
      const last = often.product.values.subarray((copies - 1) * size);
      last.forEach((value, at) => {
        assert.ok(Math.abs(value - once.product.values[at]) <= 1e-5 * Math.abs(value) + 1e-6);
      });
    });
  });

  test("a result of more than 2 GiB is refused before anything runs", async () => {
    const { network, parameters, features } = golden("resnet20-plain");
    const many = { ...features, rows: 700, values: new Float32Array(700 * features.columns) };
    await withModel(engine, network, parameters, async (model) => {
      const error = await rejection(model.rows(many));
      assert.is(error.code, "RESULT_TOO_LARGE");
      assert.match(error.message, /rows of J would take 2\.3 GB; one result may take 2\.1 GB/);
      const p = model.layout.trainableCount;
      const wide = { rows: p, columns: 8000, values: { length: p * 8000 } as Float32Array };
      assert.is((await rejection(model.sweep(features, wide))).code, "RESULT_TOO_LARGE");
      const most = { ...features, rows: 6000, values: new Float32Array(6000 * features.columns) };
      assert.is((await rejection(model.gram(most))).code, "RESULT_TOO_LARGE");
    });
  });

  if (backend === "wasm")
    test("more than the backend can address is an error, not wrong numbers", async () => {
      // 64 · 64 pixels of 300,001 channels are 4.9 GB; what they would be is never allocated.
      const network: Network = {
        input: [64, 64, 1],
        layers: [
          { type: "padShortcut", strides: 1, channels: [0, 300_000] },
          { type: "globalAveragePooling2d" },
          { type: "dense", name: "logits", units: 1 },
        ],
      };
      const other = await startTensorflow("wasm");
      try {
        await withModel(other, network, new Float32Array(300_002), async (model) => {
          const error = await rejection(model.forward(ones(1, 64 * 64)));
          assert.is(error.code, "ENGINE_MEMORY");
          assert.match(error.message, /engine wasm has no memory left for 4915216384 bytes more/);
        });
      } finally {
        await other.close();
      }
    });

  test.run();
}
