import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Matrix } from "../../../engine/engine.js";
import { activations } from "../../../engine/network/form.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import { randomSource } from "../../../engine/random.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import {
  backendsHere,
  featuresOf,
  productsOf,
  referenceOf,
  startTensorflow,
  withModel,
  worst,
} from "../../support/engine.js";
import { kinkedCase, numbersFor, type RandomCase, smoothCase } from "../../support/randomNetworks.js";

for (const backend of backendsHere()) {
  const test = suite(`random networks on ${backend}`);
  let engine: TensorflowEngine;
  test.before(async () => {
    engine = await startTensorflow(backend);
  });
  test.after(() => engine.close());

  function randomBlock(rows: number, columns: number): Matrix {
    const { normal } = randomSource(`${rows} ${columns}`);
    return { rows, columns, values: new Float32Array(rows * columns).map(normal) };
  }

  /** Whether anything can be differentiated: a network may have drawn only layers that are not trained. */
  const trains = ({ network }: RandomCase) => parameterLayout(network).trainableCount > 0;

  test("outputs and rows of smooth networks are the reference's to 1e-4", async () => {
    await fc.assert(
      fc.asyncProperty(smoothCase.filter(trains), async (drawn) => {
        const features = featuresOf(drawn);
        const reference = referenceOf(drawn.network, drawn.parameters, features);
        await withModel(engine, drawn.network, drawn.parameters, async (model) => {
          const off = worst((await model.forward(features)).values, reference.logits, 1e-2);
          assert.ok(off < 1e-4, `outputs off by ${off}`);
          const rowsOff = worst((await model.rows(features)).values, reference.rows, 1e-2);
          assert.ok(rowsOff < 1e-4, `rows off by ${rowsOff}`);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("rows of networks with kinks are the reference's, but for the few examples that stand on one", async () => {
    let examples = 0;
    let onKinks = 0;
    await fc.assert(
      fc.asyncProperty(kinkedCase.filter(trains), async (drawn) => {
        const features = featuresOf(drawn);
        const { rows, outputs, columns } = referenceOf(drawn.network, drawn.parameters, features);
        const found = await withModel(engine, drawn.network, drawn.parameters, (model) =>
          model.rows(features),
        );
        const size = outputs * columns;
        for (let example = 0; example < features.rows; example += 1) {
          const from = example * size;
          const mine = found.values.subarray(from, from + size);
          examples += 1;
          if (worst(mine, rows.subarray(from, from + size), 1e-2) > 1e-4) onKinks += 1;
        }
      }),
      { numRuns: 60 },
    );
    assert.ok(examples > 60);
    assert.ok(onKinks <= 0.02 * examples, `${onKinks} of ${examples} examples differ`);
  });

  for (const activation of activations) {
    test(`${activation} has the reference's value and slope from −20 to 20`, async () => {
      // One weight, so that outputs are φ(x) and the row of an example x φ′(x).
      const network: Network = {
        input: [1],
        layers: [{ type: "dense", name: "a", units: 1, useBias: false, activation }],
      };
      const values = Float32Array.from({ length: 401 }, (_, index) => (index - 200) / 10);
      const features = { rows: values.length, columns: 1, values };
      const reference = referenceOf(network, Float32Array.of(1), features);
      await withModel(engine, network, Float32Array.of(1), async (model) => {
        const outputs = (await model.forward(features)).values;
        const rows = (await model.rows(features)).values;
        values.forEach((x, at) => {
          const near = (found: number, wanted: number) =>
            assert.ok(
              Math.abs(found - wanted) <= 2e-6 * Math.max(1, Math.abs(x)),
              `${x}: ${found}, ${wanted}`,
            );
          near(outputs[at], reference.logits[at]);
          near(rows[at], reference.rows[at]);
        });
      });
    });
  }

  test("a sweep is the product with the rows, and its norms are theirs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(smoothCase, kinkedCase).filter(trains),
        fc.integer({ min: 1, max: 7 }),
        async (drawn, width) => {
          const features = featuresOf(drawn);
          const p = parameterLayout(drawn.network).trainableCount;
          const block = randomBlock(p, width);
          await withModel(engine, drawn.network, drawn.parameters, async (model) => {
            const rows = await model.rows(features);
            const wanted = productsOf(rows.values, p, block);
            const sweep = await model.sweep(features, block);
            assert.ok(worst(sweep.product.values, wanted.product, 1e-2) < 2e-5, "JQ");
            assert.ok(worst(sweep.backProduct.values, wanted.backProduct, 1e-2) < 2e-5, "Jᵀ(JQ)");
            assert.ok(worst(sweep.squaredRowNorms, wanted.norms, 1e-4) < 1e-5, "norms");
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("the Gram matrix is rows times rows with float64 sums, exactly symmetric", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(smoothCase, kinkedCase).filter(trains), async (drawn) => {
        const features = featuresOf(drawn);
        const p = parameterLayout(drawn.network).trainableCount;
        await withModel(engine, drawn.network, drawn.parameters, async (model) => {
          const { values: rows } = await model.rows(features);
          const wanted = productsOf(rows, p, { rows: p, columns: 0, values: new Float32Array(0) });
          const { rows: size, values } = await model.gram(features);
          // Rows round a δ to float32, the dense Gram does not.
          assert.ok(worst(values, wanted.gram, 1e-4) < 1e-6);
          for (let row = 0; row < size; row += 1) {
            for (let other = 0; other < row; other += 1) {
              assert.is(values[row * size + other], values[other * size + row]);
            }
          }
        });
      }),
      { numRuns: 40 },
    );
  });

  test("many examples in many blocks are the same as each on its own", async () => {
    const network: Network = {
      input: [6, 6, 2],
      layers: [
        { type: "conv2d", name: "c", filters: 3, kernelSize: 3, padding: 1, activation: "tanh" },
        { type: "flatten" },
        { type: "dense", name: "h", units: 5, activation: "softplus" },
        { type: "dense", name: "logits", units: 3 },
      ],
    };
    const examples = 150;
    const { parameters, features: values } = numbersFor(network, examples, "blocks");
    const features = { rows: examples, columns: 72, values };
    const p = parameterLayout(network).trainableCount;
    const block = randomBlock(p, 5);
    await withModel(engine, network, parameters, async (model) => {
      const reference = referenceOf(network, parameters, features);
      assert.ok(worst((await model.rows(features)).values, reference.rows) < 1e-4);
      const wanted = productsOf(reference.rows, p, block);
      const sweep = await model.sweep(features, block);
      assert.ok(worst(sweep.product.values, wanted.product) < 1e-5);
      assert.ok(worst(sweep.backProduct.values, wanted.backProduct) < 1e-5);
      assert.ok(worst((await model.gram(features)).values, wanted.gram) < 1e-5);
    });
  });

  test.run();
}
