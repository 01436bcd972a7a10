import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Matrix } from "../../../engine/engine.js";
import { createNativeEngine } from "../../../engine/native/engine.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Activation, Layer, Network } from "../../../engine/network/network.js";
import { networkProblems } from "../../../engine/network/parse.js";
import { referenceModel } from "../../../engine/network/reference/reference.js";
import { kinkedCase, numbersFor, type RandomCase, smoothCase } from "../../support/randomNetworks.js";

const test = suite("the native engine on random networks agrees with the float64 reference");
let engine: Engine;
test.before(async () => {
  engine = await createNativeEngine({ threads: 2 });
});
test.after(() => engine.close());

/** Largest |a − b| over the largest |b| (or 1e-3 when b is smaller). */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = 0;
  let largest = 1e-3;
  for (let i = 0; i < b.length; i += 1) {
    const off = Math.abs(a[i] - b[i]);
    worst = Number.isNaN(off) ? Number.NaN : Math.max(worst, off);
    largest = Math.max(largest, Math.abs(b[i]));
  }
  return worst / largest;
}

function referenceRows({ network, parameters, features, examples }: RandomCase) {
  const reference = referenceModel(network);
  reference.load(parameters);
  const d = features.length / examples;
  const length = reference.outputs * reference.layout.trainableCount;
  const rows = new Float64Array(examples * length);
  const outputs = new Float64Array(examples * reference.outputs);
  for (let e = 0; e < examples; e += 1) {
    const example = features.subarray(e * d, (e + 1) * d);
    outputs.set(reference.rows(example, rows.subarray(e * length, (e + 1) * length)), e * reference.outputs);
  }
  return { rows, outputs, p: reference.layout.trainableCount, K: reference.outputs };
}

function gramOf(rows: Float64Array, count: number, p: number): Float64Array {
  const gram = new Float64Array(count * count);
  for (let i = 0; i < count; i += 1) {
    for (let j = 0; j < count; j += 1) {
      for (let k = 0; k < p; k += 1) gram[i * count + j] += rows[i * p + k] * rows[j * p + k];
    }
  }
  return gram;
}

/** J Q and JᵀY in float64. */
function products(rows: Float64Array, count: number, p: number, Q: Matrix) {
  const b = Q.columns;
  const product = new Float64Array(count * b);
  const back = new Float64Array(p * b);
  for (let i = 0; i < count; i += 1) {
    for (let k = 0; k < p; k += 1) {
      for (let j = 0; j < b; j += 1) product[i * b + j] += rows[i * p + k] * Q.values[k * b + j];
    }
  }
  for (let i = 0; i < count; i += 1) {
    for (let k = 0; k < p; k += 1) {
      for (let j = 0; j < b; j += 1) back[k * b + j] += rows[i * p + k] * product[i * b + j];
    }
  }
  return { product, back };
}

async function agree(example: RandomCase, tolerance: number): Promise<void> {
  const wanted = referenceRows(example);
  const { p, K } = wanted;
  const count = example.examples * K;
  const model = await engine.open(example.network);
  await model.load(example.parameters);
  const features = {
    rows: example.examples,
    columns: example.features.length / example.examples,
    values: example.features,
  };
  const near = (what: string, found: ArrayLike<number>, right: ArrayLike<number>, within: number) => {
    const off = difference(found, right);
    assert.ok(off <= within, `${what} is off by ${off}: ${JSON.stringify(example.network)}`);
  };
  near("forward", (await model.forward(features)).values, wanted.outputs, tolerance);
  near("rows64", (await model.rows64(features)).values, wanted.rows, 1e-9);
  near("rows", (await model.rows(features)).values, wanted.rows, tolerance);
  near("gram", (await model.gram(features)).values, gramOf(wanted.rows, count, p), 2 * tolerance);
  if (p > 0) {
    const b = 1 + (p % 19);
    const Q = {
      rows: p,
      columns: b,
      values: Float32Array.from({ length: p * b }, (_, i) => Math.cos(i * i)),
    };
    const sweep = await model.sweep(features, Q);
    const right = products(wanted.rows, count, p, Q);
    near("product", sweep.product.values, right.product, 2 * tolerance);
    near("back product", sweep.backProduct.values, right.back, 4 * tolerance);
    const norms = gramOf(wanted.rows, count, p).filter((_, i) => i % (count + 1) === 0);
    near("norms", sweep.squaredRowNorms, norms, 2 * tolerance);
  }
  await model.close();
}

test("smooth networks: predictions, rows, Gram, sweep within 1e-4", () =>
  fc.assert(
    fc.asyncProperty(smoothCase, (example) => agree(example, 1e-4)),
    { numRuns: 150 },
  ));

test("networks with relu and max pooling, but for numbers at a kink", async () => {
  let left = 0;
  await fc.assert(
    fc.asyncProperty(kinkedCase, async (example) => {
      if (atKink(example)) {
        left += 1;
        return;
      }
      await agree(example, 1e-4);
    }),
    { numRuns: 150 },
  );
  assert.ok(left <= 30, `${left} of 150 examples were left out`);
});

/** Whether a small change of the features changes the rows much: some unit or pool is about to switch. */
function atKink(example: RandomCase): boolean {
  const base = referenceRows(example).rows;
  return [1e-5, -1e-5].some((step) => {
    const moved = example.features.map((value, i) => value + step * Math.sin(i + 1));
    return difference(referenceRows({ ...example, features: moved }).rows, base) > 1e-3;
  });
}

const channels = fc.integer({ min: 1, max: 67 });
const wideCase: fc.Arbitrary<RandomCase> = fc
  .record({
    sides: fc.tuple(fc.integer({ min: 3, max: 19 }), fc.integer({ min: 3, max: 19 }), channels),
    filters: fc.tuple(channels, channels),
    kernel: fc.constantFrom(1, 2, 3, 5),
    stride: fc.constantFrom(1, 1, 2, 3),
    padding: fc.constantFrom("same" as const, "valid" as const, 1, 2),
    activation: fc.constantFrom<Activation>("tanh", "gelu", "softplus"),
    outputs: fc.integer({ min: 1, max: 11 }),
    seed: fc.string(),
  })
  .map(({ sides, filters, kernel, stride, padding, activation, outputs, seed }) => {
    const layers: Layer[] = [
      { type: "conv2d", name: "first", filters: filters[0], kernelSize: 3, padding: "same", activation },
      { type: "batchNormalization", name: "norm" },
      {
        type: "conv2d",
        name: "second",
        filters: filters[1],
        kernelSize: kernel,
        strides: stride,
        padding,
        activation,
      },
      { type: "globalAveragePooling2d" },
      { type: "dense", name: "head", units: outputs },
    ];
    const network: Network = { input: sides, layers };
    return { network, seed };
  })
  .filter(({ network }) => networkProblems(network).length === 0)
  .map(({ network, seed }) => ({ network, examples: 1, ...numbersFor(network, 1, seed) }));

test("channels 1 to 67, odd sides, kernels and strides", () =>
  fc.assert(
    fc.asyncProperty(wideCase, (example) => agree(example, 1e-4)),
    { numRuns: 25 },
  ));

test("the gradient of a training step with batch statistics is the slope of its loss", () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({ seed: fc.string(), loss: fc.constantFrom("squared" as const, "cross-entropy" as const) }),
      async ({ seed, loss }) => {
        const network: Network = {
          input: [5, 6, 2],
          layers: [
            { type: "conv2d", name: "first", filters: 5, kernelSize: 3, padding: "same", useBias: false },
            { type: "batchNormalization", name: "norm1", momentum: 0.9 },
            { type: "activation", activation: "tanh" },
            {
              type: "residual",
              main: [
                { type: "conv2d", name: "second", filters: 5, kernelSize: 3, padding: 1 },
                { type: "batchNormalization", name: "norm2", momentum: 0.9 },
              ],
              shortcut: [],
            },
            { type: "flatten" },
            { type: "dense", name: "hidden", units: 7, activation: "softplus" },
            { type: "batchNormalization", name: "norm3", momentum: 0.9 },
            { type: "dense", name: "head", units: 3 },
          ],
        };
        const examples = 6;
        const { parameters, features } = numbersFor(network, examples, seed);
        const layout = parameterLayout(network);
        const model = await engine.open(network);
        const matrix = { rows: examples, columns: 60, values: features };
        const labels = Int32Array.from({ length: examples }, (_, i) => i % 3);
        const all = labels.map((_, i) => i);
        const start = async (from: Float32Array) => {
          await model.load(from);
          return model.train({ loss, optimizer: { kind: "sgd" }, features: matrix, labels });
        };
        const training = await start(parameters);
        const rate = 0.5;
        await training.step(all, rate, "batch");
        const after = await training.parameters();
        const gradient = parameters
          .map((value, i) => (value - after[i]) / rate)
          .subarray(0, layout.trainableCount);
        const direction = gradient.map((_, i) => Math.sin(3 * i + 1));
        const h = 2e-3;
        const lossAt = async (t: number) => {
          const moved = parameters.map((value, i) => value + (i < direction.length ? t * direction[i] : 0));
          return (await start(moved)).step(all, 0, "batch");
        };
        const slope = ((await lossAt(h)) - (await lossAt(-h))) / (2 * h);
        const expected = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
        const size = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0) * direction.length);
        assert.ok(Math.abs(slope - expected) <= 2e-3 * size, `${slope} against ${expected} (scale ${size})`);
        for (const { name, offset, size: length } of layout.tensors) {
          if (!name.includes("moving")) continue;
          const same = parameters
            .subarray(offset, offset + length)
            .every((value, i) => value === after[offset + i]);
          assert.not(same, `${name} moved`);
        }
        await model.close();
      },
    ),
    { numRuns: 10 },
  ));

test.run();
