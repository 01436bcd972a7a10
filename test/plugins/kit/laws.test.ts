import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  defineStage,
  foldBatches,
  type InputsOf,
  mapBatches,
  type OutputsOf,
  output,
  produceBatches,
  stream,
} from "../../../pipeline/stage.js";
import { definePlugin } from "../../../plugins/host/plugin.js";
import { checkPlugin } from "../../../plugins/kit/check.js";
import { laws } from "../../../plugins/kit/laws.js";
import { sampleBatches } from "../../../plugins/kit/samples.js";
import type { AnyStage } from "../../../plugins/kit/trial.js";

const law = suite("laws of stages");

const reads = { metrics: stream("metrics", "read"), spectrum: stream("spectrum", "read") };
const sends = { metrics: output("metrics", "sent") };
type Run = (
  inputs: InputsOf<typeof reads>,
  outputs: OutputsOf<typeof sends>,
  context: { readonly signal: AbortSignal },
) => Promise<void>;

const nothing = () => undefined;
const drained = (input: InputsOf<typeof reads>["spectrum"]) => foldBatches(input, 0, (count) => count + 1);

/** Sends its metrics on and counts its spectrum: keeps every law. */
const good: Run = async ({ metrics, spectrum }, { metrics: sent }) => {
  await Promise.all([mapBatches(metrics, sent, (batch) => batch), drained(spectrum)]);
};

const stageOf = (run: Run, options = Type.Object({})): AnyStage =>
  defineStage({
    name: "sample/stage",
    summary: "Sends metrics on.",
    options,
    inputs: reads,
    outputs: sends,
    run,
  });

const broken = async (stage: AnyStage) => {
  const results = await checkPlugin(definePlugin({ name: "sample", api: 1, stages: [stage] }), {
    seconds: 0.5,
  });
  assert.equal(
    results.map((result) => result.law),
    Object.keys(laws),
  );
  return results.filter(({ passed }) => !passed).map((result) => result.law);
};

law("a good stage passes all of them", async () => {
  assert.equal(await broken(stageOf(good)), []);
});

const another = async (change: number): Promise<RecordBatch> => {
  const { metrics } = await import("../../../schemas/tables/metrics.js");
  return metrics.batch({ stage: "s", step: 0, epoch: 0, split: "train", name: "n", value: [change] }, 1);
};
let calls = 0;

/** A stage for each law that breaks this one and no other. */
const bad: Readonly<Record<string, AnyStage>> = {
  "options documented": stageOf(good, Type.Object({ count: Type.Optional(Type.Number()) })),
  "ports honoured": stageOf(async (given, sent) => {
    await good(given, sent, { signal: new AbortController().signal });
    await produceBatches(sent.metrics, sampleBatches("spectrum"));
  }),
  "deterministic under a seed": stageOf(async (given, sent, context) => {
    calls += 1;
    const mine = await another(calls);
    await good(given, sent, context);
    await sent.metrics.send(mine);
  }),
  "bounded under a slow reader": stageOf(async ({ metrics, spectrum }, { metrics: sent }) => {
    const waiting: Promise<void>[] = [];
    await Promise.all([
      metrics.forEach((batch) => {
        waiting.push(sent.send(batch));
        waiting.at(-1)?.catch(nothing);
      }),
      drained(spectrum),
    ]);
    await Promise.all(waiting);
  }),
  cancellable: stageOf(async (given, sent, context) => {
    await good(given, sent, context).catch((error) =>
      error instanceof Error && error.message === "stopped" ? new Promise(nothing) : Promise.reject(error),
    );
  }),
  "errors surface": stageOf(async (given, sent, context) => {
    await good(given, sent, context).catch(nothing);
  }),
  "no rows lost": stageOf(async ({ metrics, spectrum }, { metrics: sent }) => {
    const first = async () => {
      let count = 0;
      for await (const batch of metrics) {
        await sent.send(batch);
        count += 1;
        if (count === 3) break;
      }
    };
    await Promise.all([first(), drained(spectrum)]);
  }),
  "inputs may be empty": stageOf(async ({ metrics, spectrum }, { metrics: sent }) => {
    let last: RecordBatch | undefined;
    const keep = mapBatches(metrics, sent, (batch) => {
      last = batch;
      return batch;
    });
    await Promise.all([keep, drained(spectrum)]);
    if ((last as RecordBatch).numRows === 0) throw new Error("no rows");
  }),
  "inputs read together": stageOf(async ({ metrics, spectrum }, { metrics: sent }) => {
    const kept = await foldBatches(metrics, [] as RecordBatch[], (all, batch) => [...all, batch]);
    await drained(spectrum);
    await produceBatches(sent, kept);
  }),
};

law("there is a bad stage for each", () => {
  assert.equal(Object.keys(bad), Object.keys(laws));
});

for (const [name, stage] of Object.entries(bad)) {
  law(`a stage that breaks "${name}" is caught, by that law alone`, async () => {
    assert.equal(await broken(stage), [name]);
  });
}

law("a stage that cannot be tried passes no law that runs it", async () => {
  const stage = stageOf(good, Type.Object({ path: Type.String({ description: "a file" }) }));
  assert.equal(await broken(stage), Object.keys(laws).slice(1));
  const options = Type.Object({ path: Type.String({ description: "a file", examples: ["a.csv"] }) });
  assert.equal(await broken(stageOf(good, options)), []);
});

law.run();
