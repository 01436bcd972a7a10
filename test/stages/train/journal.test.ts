import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { encodeArrow, joinChunks } from "../../../schemas/ipc.js";
import { init } from "../../../stages/network/init.js";
import { gradientDescent } from "../../../stages/train/gradient-descent.js";
import { examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { runStage, type Trial, type TrialResult } from "../../support/stage.js";

const law = suite<{ engine: Engine }>("a training that was cut off");

law.before(async (context) => {
  context.engine = await createEngine("native");
});
law.after(({ engine }) => engine.close());

const examples = examplesBatch({
  train: Array.from({ length: 21 }, (_, row) => row % 2),
  test: [0, 1, 0, 1],
  classes: ["left", "right"],
  shape: [3],
  feature: (row, place) => Math.sin(row * 3 + place) + (row % 2),
});

/** Three steps an epoch, four epochs. */
const options = { learningRate: 0.1, batchSize: 8, epochs: 4, checkpointSeconds: 0 };

/** The engine, counting the steps it is asked for. */
function counting(engine: Engine): { readonly engine: Engine; readonly count: { steps: number } } {
  const count = { steps: 0 };
  return {
    count,
    engine: {
      ...engine,
      open: async (network) => {
        const model = await engine.open(network);
        return {
          ...model,
          train: async (task) => {
            const training = await model.train(task);
            return {
              ...training,
              step: (...given) => {
                count.steps += 1;
                return training.step(...given);
              },
            };
          },
        };
      },
    },
  };
}

async function train(engine: Engine, trial: Trial): Promise<TrialResult & { readonly steps: number }> {
  const start = await runStage(init, {
    options: { architecture: "mlp", hidden: [6] },
    inputs: { examples: [examples] },
  });
  const counted = counting(engine);
  const result = await runStage(gradientDescent, {
    inputs: { examples: [examples], parameters: start.batches.snapshots },
    engine: counted.engine,
    ...trial,
  });
  return { ...result, steps: counted.count.steps };
}

const bytesOf = async (batches: Readonly<Record<string, readonly RecordBatch[]>>) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(batches).map(
        async ([port, sent]) =>
          [
            port,
            await Promise.all(
              sent.map(async (batch) =>
                Buffer.from(joinChunks(await encodeArrow(batch.schema, [batch]))).toString("base64"),
              ),
            ),
          ] as const,
      ),
    ),
  );

const kinds: readonly (readonly [string, object])[] = [
  ...["sgd", "momentum", "adam"].map((optimizer) => [optimizer, { optimizer }] as const),
  [
    "a rate that is halved",
    { optimizer: "momentum", learningRate: 1e25, onDivergence: "halve-rate", halvings: 99 },
  ],
];

for (const [kind, own] of kinds) {
  law(`goes on with ${kind} to the same bytes wherever it was, and does no step twice`, ({ engine }) =>
    withFolder(async (folder) => {
      const given = { ...options, ...own, snapshots: { every: 5, unit: "steps" } };
      const whole = await train(engine, { options: given });
      assert.is(whole.error, undefined);
      assert.is(whole.steps, 12);
      const total = Object.values(whole.batches).flat().length;
      const runFolder = join(folder, "run");
      let steps = 0;
      // Each life dies at a send further on, as by a kill: nothing more is done.
      for (const dies of [2, 9, 10, 16, total + 1]) {
        let sent = 0;
        const life = await train(engine, {
          options: given,
          runFolder,
          onSend: () => {
            sent += 1;
            if (sent === dies) throw new Error("killed");
          },
        });
        steps += life.steps;
        if (dies <= total) {
          assert.match(String(life.error), "killed");
          continue;
        }
        assert.is(life.error, undefined);
        assert.equal(await bytesOf(life.batches), await bytesOf(whole.batches));
        assert.match(life.logs.map(({ message }) => message).join("\n"), /goes on after step [1-9]\d*,/);
      }
      // One a life may have been done and not kept.
      assert.ok(steps <= 12 + 4, `${steps} steps in all`);
    }),
  );
}

law("that is stopped at any send keeps where it is, however little would be lost", ({ engine }) =>
  withFolder(async (folder) => {
    const whole = await train(engine, { options });
    const total = Object.values(whole.batches).flat().length;
    for (let at = 1; at <= total; at += 1) {
      const stop = new AbortController();
      const given = {
        options: { ...options, checkpointSeconds: 3600 },
        runFolder: join(folder, `run-${at}`),
      };
      let sent = 0;
      const stopped = await train(engine, {
        ...given,
        signal: stop.signal,
        onSend: () => {
          sent += 1;
          if (sent === at) stop.abort(new Error("stopped"));
          stop.signal.throwIfAborted();
        },
      });
      assert.match(String(stopped.error), "stopped");
      const resumed = await train(engine, given);
      assert.is(stopped.steps + resumed.steps, 12, `stopped at send ${at}`);
      assert.equal(await bytesOf(resumed.batches), await bytesOf(whole.batches));
    }
  }),
);

law("on other examples is refused", ({ engine }) =>
  withFolder(async (folder) => {
    const runFolder = join(folder, "run");
    await train(engine, { options, runFolder });
    const other = await train(engine, { options: { ...options, learningRate: 0.2 }, runFolder });
    assert.match(String((other.error as Error).message), "options differ");
  }),
);

law.run();
