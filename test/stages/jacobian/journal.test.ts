import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { encodeArrow, joinChunks } from "../../../schemas/ipc.js";
import { density } from "../../../stages/jacobian/density.js";
import { spectrum } from "../../../stages/jacobian/spectrum.js";
import { init } from "../../../stages/network/init.js";
import { gradientDescent } from "../../../stages/train/gradient-descent.js";
import { examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { runStage, sentBy, type Trial, type TrialResult } from "../../support/stage.js";

const law = suite<{ engine: Engine; snapshots: readonly RecordBatch[] }>("Jacobians that were cut off");

const examples = examplesBatch({
  train: Array.from({ length: 60 }, (_, row) => row % 3),
  test: Array.from({ length: 40 }, (_, row) => row % 3),
  shape: [7],
  feature: (row, place) => Math.sin(row * 3 + place * place) + (row % 3),
});

law.before(async (context) => {
  context.engine = await createEngine("native");
  const { snapshots } = await sentBy(init, {
    options: { architecture: "mlp", hidden: [3] },
    inputs: { examples: [examples] },
  });
  const trained = await sentBy(gradientDescent, {
    options: { learningRate: 0.05, epochs: 4, snapshots: { every: 2 } },
    inputs: { examples: [examples], parameters: snapshots },
    engine: context.engine,
  });
  context.snapshots = trained.snapshots;
});
law.after(({ engine }) => engine.close());

/** An engine that counts the sweeps and says when one begins. */
function watched(engine: Engine, began: () => void = () => undefined) {
  const count = { sweeps: 0 };
  const open: Engine["open"] = async (network) => {
    const model = await engine.open(network);
    const sweep: typeof model.sweep = (...given) => {
      count.sweeps += 1;
      began();
      return model.sweep(...given);
    };
    return { ...model, sweep };
  };
  return { count, engine: { ...engine, open } };
}

const krylov = { rank: 5, method: "block-krylov", blockSize: 3, maxSweeps: 5, split: ["train", "test"] };
const stages = [
  [spectrum, { ...krylov, checkpointSeconds: 0 }],
  [density, { columns: 3, sweeps: 3, exactUpTo: 0, split: ["train", "test"], checkpointSeconds: 0 }],
] as const;

type Given = Partial<Trial> & { readonly snapshots: readonly RecordBatch[] };

const compute = (stage: (typeof stages)[number][0], { snapshots, ...trial }: Given): Promise<TrialResult> =>
  runStage(stage, { inputs: { examples: [examples], parameters: snapshots }, ...trial });

const bytesOf = async ({ batches }: TrialResult) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(batches).map(async ([port, sent]) => {
        const bytes = sent.map(async (batch) => joinChunks(await encodeArrow(batch.schema, [batch])));
        return [
          port,
          (await Promise.all(bytes)).map((each) => Buffer.from(each).toString("base64")),
        ] as const;
      }),
    ),
  );

for (const [stage, options] of stages) {
  law(
    `${stage.name} sends the same bytes wherever it was, and sweeps for none of them twice`,
    ({ engine, snapshots }) =>
      withFolder(async (folder) => {
        const all = watched(engine);
        const whole = await compute(stage, { options, engine: all.engine, snapshots });
        assert.is(whole.error, undefined);
        const total = Object.values(whole.batches).flat().length;
        const runFolder = join(folder, "run");
        let sweeps = 0;
        const deaths = [1, 3, 6, 12, 15, total].filter((dies) => dies <= total);
        for (const dies of [...deaths, total + 1]) {
          let sent = 0;
          const life = watched(engine);
          const result = await compute(stage, {
            ...{ options, runFolder, snapshots, engine: life.engine },
            onSend: () => {
              sent += 1;
              if (sent === dies) throw new Error("killed");
            },
          });
          sweeps += life.count.sweeps;
          if (dies <= total) assert.match(String(result.error), "killed");
          else assert.equal(await bytesOf(result), await bytesOf(whole));
        }
        // Those of the Jacobian in hand at a death; block Krylov makes its last sweep again, density all of its own.
        const again = stage === spectrum ? 1 : stages[1][1].sweeps;
        const most = all.count.sweeps + again * deaths.length;
        assert.ok(sweeps <= most, `${sweeps} sweeps in all, more than ${most}`);
      }),
  );
}

law("one of other parameters is refused", ({ engine, snapshots }) =>
  withFolder(async (folder) => {
    const given = { options: stages[0][1], engine, runFolder: join(folder, "run") };
    await compute(spectrum, { ...given, snapshots: snapshots.slice(0, 1) });
    const other = await compute(spectrum, { ...given, snapshots: snapshots.slice(1) });
    assert.match(String((other.error as Error).message), "parameters differ");
  }),
);

law(
  "a stop between or within sweeps keeps the last of them, however little would be lost",
  ({ engine, snapshots }) =>
    withFolder(async (folder) => {
      const options = { ...krylov, checkpointSeconds: 3600 };
      const all = watched(engine);
      const whole = await compute(spectrum, { options, engine: all.engine, snapshots });
      const runFolder = join(folder, "run");
      const alone = watched(engine);
      const only = { options: { ...options, split: "train" }, engine: alone.engine };
      await compute(spectrum, { ...only, snapshots: snapshots.slice(0, 1) });
      const stop = new AbortController();
      const first = watched(engine, () => {
        // The second sweep of the second Jacobian.
        if (first.count.sweeps === alone.count.sweeps + 2) stop.abort(new Error("stopped"));
      });
      const stopped = await compute(spectrum, {
        options,
        engine: first.engine,
        runFolder,
        snapshots,
        signal: stop.signal,
      });
      assert.match(String(stopped.error), "stopped");
      assert.ok(existsSync(join(runFolder, "checkpoints/tried/test-0/state.json")));
      const second = watched(engine);
      const resumed = await compute(spectrum, { options, engine: second.engine, runFolder, snapshots });
      assert.equal(await bytesOf(resumed), await bytesOf(whole));
      assert.is(first.count.sweeps + second.count.sweeps, all.count.sweeps + 1, "the one it was stopped in");
      assert.match(
        resumed.logs.map(({ message }) => message).join("\n"),
        /step 0, train: done before, .*\n.*step 0, test: goes on after sweep 1/,
      );
    }),
);

law.run();
