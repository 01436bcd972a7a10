import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Matrix, Model, TrainingOptions } from "../../../engine/engine.js";
import { createNativeEngine } from "../../../engine/native/engine.js";
import { expandArchitecture } from "../../../engine/network/architectures.js";
import type { Network } from "../../../engine/network/network.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { assertStaysFree } from "../../support/eventLoop.js";
import { numbersFor } from "../../support/randomNetworks.js";
import { assertWithin } from "../../support/slowness.js";

const small: Network = {
  input: [9, 8, 3],
  layers: [
    { type: "conv2d", name: "first", filters: 17, kernelSize: 3, padding: "same", activation: "relu" },
    {
      type: "residual",
      main: [{ type: "conv2d", name: "second", filters: 17, kernelSize: 3, padding: 1, activation: "tanh" }],
      shortcut: [],
    },
    { type: "maxPooling2d", poolSize: 2 },
    { type: "flatten" },
    { type: "dense", name: "hidden", units: 21, activation: "gelu" },
    { type: "dense", name: "head", units: 4 },
  ],
};

function columns(rows: number, count: number): Matrix {
  return {
    rows,
    columns: count,
    values: Float32Array.from({ length: rows * count }, (_, i) => Math.sin(i * i)),
  };
}

async function opened(engine: Engine, network: Network, examples: number) {
  const { parameters, features } = numbersFor(network, examples, "engine");
  const model = await engine.open(network);
  await model.load(parameters);
  const matrix = { rows: examples, columns: features.length / examples, values: features };
  return { model, parameters, features: matrix };
}

async function withEngine<T>(threads: number, use: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await createNativeEngine({ threads });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

async function rejection(promise: Promise<unknown>): Promise<JacoflowError> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, JacoflowError);
    return error as JacoflowError;
  }
  throw new Error("it should have been refused");
}

const test = suite("the native engine");

async function everything(threads: number) {
  return withEngine(threads, async (engine) => {
    const { model, features } = await opened(engine, small, 301);
    const sweep = await model.sweep(features, columns(model.layout.trainableCount, 21));
    const gram = await model.gram({
      ...features,
      rows: 40,
      values: features.values.subarray(0, 40 * features.columns),
    });
    const forward = await model.forward(features);
    const labels = Int32Array.from({ length: features.rows }, (_, i) => i % 4);
    const training = await model.train({
      loss: "cross-entropy",
      optimizer: { kind: "sgd" },
      features,
      labels,
    });
    const batch = Int32Array.from({ length: 77 }, (_, i) => (i * 7) % 301);
    for (let i = 0; i < 3; i += 1) await training.step(batch, 0.05, "moving");
    return {
      product: sweep.product.values,
      backProduct: sweep.backProduct.values,
      norms: sweep.squaredRowNorms,
      gram: gram.values,
      forward: forward.values,
      trained: await training.parameters(),
    };
  });
}

test("gives the same bits whatever the number of threads, and on repeat", async () => {
  const [one, two, three, again] = [
    await everything(1),
    await everything(2),
    await everything(3),
    await everything(2),
  ];
  for (const other of [two, three, again]) {
    for (const key of Object.keys(one) as (keyof typeof one)[]) {
      assert.equal(Buffer.compare(Buffer.from(one[key].buffer), Buffer.from(other[key].buffer)), 0, key);
    }
  }
});

test("writes a Gram matrix over one that is wanted no more, and into new memory when the sizes differ", () =>
  withEngine(2, async (engine) => {
    const { model, features } = await opened(engine, small, 12);
    const few = { ...features, rows: 5, values: features.values.subarray(0, 5 * features.columns) };
    const fresh = await model.gram(features);
    const expected = fresh.values.slice();
    const other = await model.gram(few, {}, fresh);
    assert.is.not(other.values, fresh.values);
    assert.equal(fresh.values, expected);
    fresh.values.fill(Number.NaN);
    const again = await model.gram(features, {}, fresh);
    assert.is(again.values, fresh.values);
    assert.equal(again.values, expected);
  }));

test("gives the same rows for an example alone and among others", () =>
  withEngine(2, async (engine) => {
    const { model, features } = await opened(engine, small, 30);
    const together = (await model.rows(features)).values;
    const length = together.length / 30;
    for (const i of [0, 13, 29]) {
      const values = features.values.subarray(i * features.columns, (i + 1) * features.columns);
      const alone = (await model.rows({ rows: 1, columns: features.columns, values })).values;
      alone.forEach((value, j) => {
        assert.ok(Math.abs(value - together[i * length + j]) <= 1e-5 * (1 + Math.abs(value)));
      });
    }
  }));

test("keeps the event loop free while a sweep runs, and stops soon when aborted", () =>
  withEngine(2, async (engine) => {
    const network = expandArchitecture("resnet20", { input: [32, 32, 3], outputs: 3 });
    const { model, features } = await opened(engine, network, 240);
    const block = columns(model.layout.trainableCount, 32);
    const seen: number[] = [];
    await assertStaysFree(50, () => {
      seen.length = 0;
      return model.sweep(features, block, { onProgress: (done) => seen.push(done) });
    });
    assert.ok(seen.length > 0 && seen.every((done, i) => done <= 240 && (i === 0 || done >= seen[i - 1])));
    const reason = new Error("enough");
    await assertWithin(400, async () => {
      const controller = new AbortController();
      let stopped = 0;
      setTimeout(() => {
        stopped = performance.now();
        controller.abort(reason);
      }, 20);
      try {
        await model.sweep(features, block, { signal: controller.signal });
        assert.unreachable();
      } catch (error) {
        assert.is(error, reason);
      }
      return performance.now() - stopped;
    });
    assert.is((await model.forward(features)).rows, 240, "the model still works");
  }));

test("refuses weights and features that are not numbers, and names them", () =>
  withEngine(1, async (engine) => {
    const { model, parameters, features } = await opened(engine, small, 3);
    const broken = parameters.slice();
    const slot = model.layout.tensors.find(({ name }) => name === "second/kernel")!;
    broken[slot.offset + 5] = Number.NaN;
    const weights = await rejection(model.load(broken));
    assert.is(weights.code, "NATIVE_NOT_FINITE");
    assert.match(weights.message, "second/kernel[5]");
    const values = features.values.slice();
    values[features.columns + 7] = Number.POSITIVE_INFINITY;
    const example = await rejection(model.rows({ ...features, values }));
    assert.is(example.code, "NATIVE_NOT_FINITE");
    assert.match(example.message, "example 1, feature 7");
  }));

test("refuses what cannot be: empty batches, wrong sizes, results beyond 2 GB, labels out of range", () =>
  withEngine(1, async (engine) => {
    const { model, parameters, features } = await opened(engine, small, 3);
    const code = async (promise: Promise<unknown>) => (await rejection(promise)).code;
    const empty = { rows: 0, columns: features.columns, values: new Float32Array(0) };
    assert.is(await code(model.forward(empty)), "WRONG_SIZE");
    assert.is(await code(model.sweep(empty, columns(model.layout.trainableCount, 2))), "WRONG_SIZE");
    assert.is(await code(model.rows({ ...features, columns: 7 })), "NATIVE_INVALID_ARGUMENT");
    assert.is(await code(model.load(parameters.subarray(1))), "WRONG_SIZE");
    assert.is(await code(model.sweep(features, columns(11, 3))), "WRONG_SIZE");
    const many = Math.ceil(3e9 / (4 * 4 * model.layout.trainableCount));
    const values = new Float32Array(many * features.columns);
    const large = await rejection(model.rows({ rows: many, columns: features.columns, values }));
    assert.is(large.code, "NATIVE_RESULT_TOO_LARGE");
    assert.match(large.message, "3.0 GB");
    const options: TrainingOptions = {
      loss: "squared",
      optimizer: { kind: "sgd" },
      features,
      labels: Int32Array.from([0, 1, 4]),
    };
    assert.is(await code(model.train(options)), "LABEL_OUT_OF_RANGE");
    const training = await model.train({ ...options, labels: Int32Array.from([0, 1, 3]) });
    assert.is(await code(training.step(new Int32Array(0), 0.1, "moving")), "WRONG_SIZE");
    assert.is(await code(training.step(Int32Array.from([3]), 0.1, "moving")), "WRONG_SIZE");
    await training.close();
    assert.is(await code(training.step(Int32Array.from([0]), 0.1, "moving")), "NATIVE_CLOSED");
  }));

test("refuses a layer used twice and names it", () =>
  withEngine(1, async (engine) => {
    const shared = { type: "dense", name: "shared", units: 4 } as const;
    const error = await rejection(engine.open({ input: [4], layers: [shared, shared] }));
    assert.is(error.code, "REPEATED_LAYER_NAME");
    assert.match(error.message, "shared");
  }));

test("rejects what is left to do when it is closed", async () => {
  const engine = await createNativeEngine({ threads: 1 });
  const { model, features } = await opened(engine, small, 50);
  const waiting = [1, 2, 3].map(() =>
    model.rows(features).then(
      () => "done",
      (error: JacoflowError) => error.code,
    ),
  );
  await engine.close();
  const ends = await Promise.all(waiting);
  assert.ok(
    ends.every((end) => end === "done" || end === "ENGINE_CLOSED"),
    ends.join(),
  );
  assert.is((await rejection(model.forward(features))).code, "ENGINE_CLOSED");
});

test("holds no more memory after a thousand steps and a hundred sweeps than after the first", () =>
  withEngine(2, async (engine) => {
    const { model, features } = await opened(engine, small, 40);
    const block = columns(model.layout.trainableCount, 9);
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
    const training = await model.train({ loss: "squared", optimizer: { kind: "sgd" }, features, labels });
    const batch = Int32Array.from({ length: 20 }, (_, i) => i);
    const work = async (model: Model, steps: number, sweeps: number) => {
      for (let i = 0; i < steps; i += 1) await training.step(batch, 1e-4, "moving");
      for (let i = 0; i < sweeps; i += 1) await model.sweep(features, block);
    };
    const grownBy = async () => {
      const before = process.memoryUsage().rss;
      await work(model, 500, 50);
      return process.memoryUsage().rss - before;
    };
    // What leaks does so each time; what the collector of garbage put off does not.
    const grown: number[] = [];
    for (let time = 0; time < 4; time += 1) grown.push(await grownBy());
    const least = Math.min(...grown.slice(1));
    assert.ok(least < 15e6, `grew by ${grown.map((bytes) => Math.round(bytes / 1e6))} MB`);
  }));

test.run();
