import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import { backendsHere, referenceOf, startTensorflow, withModel, worst } from "../../support/engine.js";
import { firstRows, golden, goldenNames } from "../../support/golden.js";

for (const backend of backendsHere()) {
  const test = suite(`golden cases on ${backend}`);
  let engine: TensorflowEngine;
  test.before(async () => {
    engine = await startTensorflow(backend);
  });
  test.after(() => engine.close());

  for (const name of goldenNames) {
    test(`logits and loss of ${name} agree with PyTorch to 1e-4`, async () => {
      const { network, parameters, features, labels, expected } = golden(name);
      const logits = await withModel(engine, network, parameters, (model) => model.forward(features));
      assert.ok(worst(logits.values, expected.logits.flat()) < 1e-4);
      let loss = 0;
      logits.values.forEach((value, at) => {
        const target = labels[Math.floor(at / logits.columns)] === at % logits.columns ? 1 : 0;
        loss += (value - target) ** 2 / 2;
      });
      assert.ok(Math.abs(loss / expected.loss - 1) < 1e-4, `${loss}`);
    });

    test(`rows of ${name} agree with the float64 reference to 1e-4`, async () => {
      const { network, parameters, features } = golden(name);
      const few = firstRows(features, name.startsWith("resnet") ? 2 : 8);
      const rows = await withModel(engine, network, parameters, (model) => model.rows(few));
      const reference = referenceOf(network, parameters, few);
      assert.is(rows.columns, reference.columns);
      const off = worst(rows.values, reference.rows);
      assert.ok(off < 1e-4, `off by ${off}`);
    });
  }

  test("one weight moved by a thousandth of the largest moves logits and rows beyond their tolerance", async () => {
    const { network, parameters, features, expected } = golden("mlp-tanh");
    const moved = parameters.slice();
    moved[moved.length - 50] += 0.05;
    await withModel(engine, network, moved, async (model) => {
      assert.ok(worst((await model.forward(features)).values, expected.logits.flat()) > 1e-4);
      const few = firstRows(features, 4);
      const reference = referenceOf(network, parameters, few);
      assert.ok(worst((await model.rows(few)).values, reference.rows) > 1e-4);
    });
  });

  test("‖J‖_F from a sweep's row norms agrees with PyTorch", async () => {
    for (const name of ["one-hidden-softplus", "mlp-tanh", "cnn-pool"] as const) {
      const { network, parameters, features, expected } = golden(name);
      const p = expected.trainableParameters;
      const block = { rows: p, columns: 1, values: new Float32Array(p).fill(0.01) };
      const { squaredRowNorms } = await withModel(engine, network, parameters, (model) =>
        model.sweep(features, block),
      );
      const norm = Math.sqrt(squaredRowNorms.reduce((sum, value) => sum + value, 0));
      assert.ok(Math.abs(norm / expected.frobenius - 1) < 1e-5, `${name}: ${norm}`);
    }
  });

  test("float64 rows are the reference's own", async () => {
    const { network, parameters, features } = golden("cnn-pool");
    const few = firstRows(features, 3);
    const rows = await withModel(engine, network, parameters, (model) => model.rows64(few));
    assert.instance(rows.values, Float64Array);
    assert.is(worst(rows.values, referenceOf(network, parameters, few).rows), 0);
  });

  test("the cpu backend gives the same logits and rows", async () => {
    const cpu = await startTensorflow("cpu");
    try {
      for (const name of ["mlp-tanh", "cnn-pool"] as const) {
        const { network, parameters, features } = golden(name);
        const few = firstRows(features, 4);
        const reference = referenceOf(network, parameters, few);
        await withModel(cpu, network, parameters, async (model) => {
          assert.ok(worst((await model.forward(few)).values, reference.logits) < 1e-4);
          assert.ok(worst((await model.rows(few)).values, reference.rows) < 1e-4);
        });
      }
    } finally {
      await cpu.close();
    }
  });

  test.run();
}
