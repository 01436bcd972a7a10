import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch, Table } from "apache-arrow";
import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  defineStage,
  foldBatches,
  type InputsOf,
  lossless,
  many,
  mapBatches,
  type OutputsOf,
  output,
  produceBatches,
  stream,
  whole,
} from "../../../pipeline/stage.js";
import { definePlugin } from "../../../plugins/host/plugin.js";
import { type CheckOptions, checkPlugin } from "../../../plugins/kit/check.js";
import { laws } from "../../../plugins/kit/laws.js";
import { sampleBatches } from "../../../plugins/kit/samples.js";
import type { AnyStage } from "../../../plugins/kit/trial.js";
import { dataErrors } from "../../../schemas/errors/data.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { builtIns } from "../../../stages/index.js";
import { slowness } from "../../support/slowness.js";

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

/** What a trial may take: on a quiet machine the good stage needs a hundredth of it. */
const seconds = 0.5 * slowness();

const broken = async (stage: AnyStage, trials: CheckOptions["trials"] = {}) => {
  const results = await checkPlugin(builtIns, definePlugin({ name: "sample", api: 1, stages: [stage] }), {
    seconds,
    trials,
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

const measurement = (value: number): RecordBatch =>
  metrics.batch({ stage: "s", step: 0, epoch: 0, split: "train", name: "n", value: [value] }, 1);
const valuesOf = (batch: RecordBatch) => batch.getChild("value")?.toArray() as Float64Array;
const described = { description: "how many" };
let calls = 0;

/** A stage that adds to what the good one does. */
const also = (work: Run) =>
  stageOf(async (given, sent, context) => {
    await good(given, sent, context);
    await work(given, sent, context);
  });

/** A sink that leaves a line for each row that `pick` takes from a batch. */
const sinkOf = (pick: (steps: readonly string[]) => readonly string[]): AnyStage =>
  defineStage({
    name: "sample/sink",
    summary: "Writes the steps of the rows down.",
    options: Type.Object({}),
    inputs: { tables: lossless(many(stream("any", "read"))) },
    outputs: {},
    run: async ({ tables }, _, { runFolder }) => {
      const lines = await Promise.all(
        tables.map((input) =>
          foldBatches(input, [] as readonly string[], (all, batch) => [
            ...all,
            ...pick([...(batch.getChild("name") ?? [])].map((name, row) => `${name} ${batch.get(row)}`)),
          ]),
        ),
      );
      await writeFile(join(runFolder, "lines"), lines.map((each) => each.join("\n")).join("\n\n"));
    },
  });

/** A stage that sends the examples it read whole. */
const examplesOf = (pick: (table: Table) => readonly RecordBatch[]): AnyStage =>
  defineStage({
    name: "sample/examples",
    summary: "Sends examples on.",
    options: Type.Object({}),
    inputs: { examples: whole("examples", "read") },
    outputs: { examples: output("examples", "sent") },
    run: ({ examples }, { examples: sent }) => produceBatches(sent, pick(examples.table)),
  });

law("a good sink and a good reader of what is whole pass all of them", async () => {
  assert.equal(await broken(sinkOf((rows) => rows)), []);
  assert.equal(await broken(examplesOf((table) => table.batches)), []);
});

/** Stages for each law that break this one and no other. */
const bad: Readonly<Record<string, Readonly<Record<string, AnyStage>>>> = {
  "options documented": {
    "an option without a description": stageOf(good, Type.Object({ count: Type.Optional(Type.Number()) })),
    "one inside of a choice": stageOf(
      good,
      Type.Object({
        count: Type.Union([Type.Number(), Type.Object({ each: Type.Number() })], {
          default: 1,
          ...described,
        }),
      }),
    ),
    "a default that its schema refuses": stageOf(
      good,
      Type.Object({
        counts: Type.Optional(
          Type.Object({ each: Type.Number({ minimum: 1, default: 0, ...described }) }, described),
        ),
      }),
    ),
    "an example that its schema refuses": stageOf(
      good,
      Type.Object({ count: Type.Optional(Type.Integer({ ...described, examples: [1, 1.5] })) }),
    ),
  },
  "ports honoured": {
    "another table": also((_, sent) => produceBatches(sent.metrics, sampleBatches("spectrum"))),
    "a port that sends nothing": stageOf(async (given) => {
      await Promise.all([drained(given.metrics), drained(given.spectrum)]);
    }),
  },
  "batches never changed": {
    "a reader that writes": stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
      const rewrite = (batch: RecordBatch) => {
        valuesOf(batch)[0] = 9;
        return batch;
      };
      await Promise.all([mapBatches(read, sent, rewrite), drained(spectrum)]);
    }),
    "a sender that writes on": also(async (_, { metrics: sent }) => {
      const mine = measurement(1);
      await sent.send(mine);
      valuesOf(mine)[0] = 2;
    }),
  },
  "deterministic under a seed": {
    "numbers of its own": also(async (_, { metrics: sent }) => {
      calls += 1;
      await sent.send(measurement(calls));
    }),
  },
  "bounded under a slow reader": {
    "sends that nobody awaits": stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
      const waiting: Promise<void>[] = [];
      await Promise.all([
        read.forEach((batch) => {
          waiting.push(sent.send(batch));
          waiting.at(-1)?.catch(nothing);
        }),
        drained(spectrum),
      ]);
      await Promise.all(waiting);
    }),
  },
  cancellable: {
    "a wait without end": stageOf(async (given, sent, context) => {
      await good(given, sent, context).catch((error) =>
        error instanceof Error && error.message === "stopped" ? new Promise(nothing) : Promise.reject(error),
      );
    }),
    "work without end": also(async (_given, _sent, { signal }) => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (signal.aborted) await new Promise(nothing);
    }),
    "a thread that is held": stageOf(async (given, sent, context) => {
      await good(given, sent, context).finally(() => {
        const end = performance.now() + 1400 * seconds;
        while (context.signal.aborted && performance.now() < end);
      });
    }),
  },
  "errors surface": {
    "errors that are caught": stageOf(async (given, sent, context) => {
      await good(given, sent, context).catch(nothing);
    }),
  },
  "no rows lost": {
    "an end after three batches": stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
      const first = async () => {
        let count = 0;
        for await (const batch of read) {
          await sent.send(batch);
          count += 1;
          if (count === 3) break;
        }
      };
      await Promise.all([first(), drained(spectrum)]);
    }),
    "less for a slow reader": stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
      let slow = false;
      const timed = async (batch: RecordBatch) => {
        if (slow) return;
        // A quick reader takes a batch before the event loop turns.
        const turned = setImmediate(() => {
          slow = true;
        });
        await sent.send(batch);
        clearImmediate(turned);
      };
      await Promise.all([read.forEach(timed), drained(spectrum)]);
    }),
    "a sink that forgets the first row": sinkOf((rows) => rows.slice(1)),
    "a sink that forgets the last row": sinkOf((rows) => rows.slice(0, -1)),
    "the first batch of what is whole": examplesOf((table) => table.batches.slice(0, 1)),
  },
  "inputs may be empty": Object.fromEntries(
    [
      new Error("no rows"),
      dataErrors.missingColumn("metrics", "value", []),
      new JacoflowError({ code: "NO_ROWS", kind: "run", message: "no rows" }),
      new JacoflowError({ code: "oops", kind: "run", message: "no rows", remedy: "Give some." }),
    ].map((error) => [
      String(error),
      stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
        await Promise.all([mapBatches(read, sent, (batch) => batch), drained(spectrum)]);
        if (sent.sent === 0) throw error;
      }),
    ]),
  ),
  "inputs read together": {
    "one input after the other": stageOf(async ({ metrics: read, spectrum }, { metrics: sent }) => {
      const kept = await foldBatches(read, [] as RecordBatch[], (all, batch) => [...all, batch]);
      await drained(spectrum);
      await produceBatches(sent, kept);
    }),
  },
};

law("there are bad stages for each", () => {
  assert.equal(Object.keys(bad), Object.keys(laws));
});

for (const [name, stages] of Object.entries(bad)) {
  for (const [fault, stage] of Object.entries(stages)) {
    law(`"${name}" catches ${fault}, and no other law does`, async () => {
      let caught = await broken(stage);
      // Some faults show in time, which a busy machine may distort: not three times.
      for (let again = 0; caught.join() !== name && again < 2; again += 1) caught = await broken(stage);
      assert.equal(caught, [name]);
    });
  }
}

law("an error that says what to do is an answer to inputs without batches", async () => {
  const error = new JacoflowError({ code: "NO_ROWS", kind: "run", message: "no rows", remedy: "Give some." });
  const stage = stageOf(async (given, sent, context) => {
    await good(given, sent, context);
    if (sent.metrics.sent === 0) throw error;
  });
  assert.equal(await broken(stage), []);
});

law("a trial says which ports send nothing under its options", async () => {
  const stage = bad["ports honoured"]["a port that sends nothing"];
  assert.equal(await broken(stage, { [stage.name]: { silent: ["metrics"] } }), []);
});

law("a stage that cannot be tried passes no law that runs it", async () => {
  const stage = stageOf(good, Type.Object({ path: Type.String({ description: "a file" }) }));
  assert.equal(await broken(stage), Object.keys(laws).slice(1));
  const options = Type.Object({ path: Type.String({ description: "a file", examples: ["a.csv"] }) });
  assert.equal(await broken(stageOf(good, options)), []);
});

law.run();
