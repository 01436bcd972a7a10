import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../engine/engines.js";
import { loadFile, loadPipeline } from "../../pipeline/file/load.js";
import { readSource } from "../../pipeline/file/read.js";
import type { ResolvedPipeline } from "../../pipeline/graph/resolved.js";
import { plannedErrors, planPipeline } from "../../pipeline/run/plan.js";
import { runPipeline } from "../../pipeline/run/run.js";
import type { OutputStream, PlannedTable, Stage } from "../../pipeline/stage.js";
import { builtInStages } from "../../stages/index.js";
import { repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { smallPipeline, writeStripes } from "../support/smallPipeline.js";

const law = suite("plans and what is sent");

interface Sent {
  rows: number;
  bytes: number;
  batches: number;
}

const memoryLimit = 4e9;

/** Stages that count what they send, by `stage.port`. */
function counted(pipeline: ResolvedPipeline, sent: Map<string, Sent>): ResolvedPipeline {
  const counting = (stage: string, port: string, output: OutputStream): OutputStream => {
    const total: Sent = { rows: 0, bytes: 0, batches: 0 };
    sent.set(`${stage}.${port}`, total);
    return {
      send: (batch) => {
        total.rows += batch.numRows;
        total.bytes += batch.data.byteLength;
        total.batches += 1;
        return output.send(batch);
      },
      get sent() {
        return output.sent;
      },
    };
  };
  return {
    ...pipeline,
    stages: pipeline.stages.map((stage) => ({
      ...stage,
      definition: {
        ...stage.definition,
        run: (inputs, outputs, context) => {
          const ports = Object.entries(outputs).map(([port, output]) => [
            port,
            counting(stage.name, port, output),
          ]);
          return stage.definition.run(inputs, Object.fromEntries(ports), context);
        },
      } as Stage,
    })),
  };
}

/** Runs a pipeline and gives what each output sent beside what its plan said. */
async function sentAndPlanned(
  text: string,
  file: string,
  sets: readonly string[] = [],
): Promise<readonly (readonly [string, Sent, PlannedTable])[]> {
  const pipeline = await loadPipeline({
    ...{ text, file, sets, environment: {}, engines: ["native", "wasm"] },
    stages: new Map(builtInStages.map((stage) => [stage.name, stage])),
  });
  const { stages } = await planPipeline(pipeline, { memoryLimit });
  const sent = new Map<string, Sent>();
  await withFolder(async (folder) => {
    const outcome = await runPipeline(counted(pipeline, sent), {
      createEngine: () => createEngine("auto"),
      runFolder: join(folder, "run"),
      ...{ memoryLimit, versions: {}, threads: 2 },
    });
    assert.is(outcome.error, undefined);
  });
  const planned = new Map<string, PlannedTable>(
    stages.flatMap(({ name, plan }) =>
      Object.entries(plan.outputs ?? {}).map(([port, table]) => [`${name}.${port}`, table] as const),
    ),
  );
  return [...sent].map(([name, found]) => [name, found, planned.get(name) ?? {}]);
}

function assertAsPlanned(
  found: readonly (readonly [string, Sent, PlannedTable])[],
  names: readonly string[],
): void {
  assert.equal(found.map(([name]) => name).toSorted(), names.toSorted());
  for (const [name, sent, planned] of found) {
    assert.is(planned.rows, sent.rows, `rows of ${name}`);
    assert.is(planned.batches, sent.batches, `batches of ${name}`);
    const ratio = (planned.bytes ?? 0) / sent.bytes;
    assert.ok(ratio > 0.95 && ratio < 1.05, `${name}: planned ${planned.bytes} bytes, sent ${sent.bytes}`);
  }
}

law("every stage that comes with jacoflow has a plan", () => {
  assert.equal(
    builtInStages.filter(({ plan }) => plan === undefined).map(({ name }) => name),
    [],
  );
});

law("of the quickstart, reduced: rows and batches as planned, bytes within 5 %", async () => {
  const file = join(repository, "examples/quickstart.yaml");
  const sets = [
    ...["data.with.train=150", "data.with.test=90", "train.with.epochs=10"],
    ...["train.with.snapshots.at=[0,2,10]", "svd.with.rank=9", "project.with.rank=9"],
  ].map((set) => `stages.${set}`);
  const found = await sentAndPlanned(await readSource(file), file, sets);
  const train = ["train.snapshots", "train.predictions", "train.metrics"];
  const svd = ["svd.spectrum", "svd.basis", "svd.predictions", "svd.metrics"];
  assertAsPlanned(found, [
    "data.examples",
    "noise.examples",
    "network.snapshots",
    ...train,
    ...svd,
    "project.projection",
    "project.directions",
  ]);
});

for (const [what, changes] of [
  [
    "the initial Jacobian alone, no predictions, one target",
    {
      project:
        "{ uses: metrics/projection, from: [noise, svd.basis], with: { rank: 4, jacobian: initial, targets: [label_change] } }",
    },
  ],
  [
    "listed epochs, residuals alone, evaluations on the test split",
    {
      train:
        "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: adam, learningRate: 0.01, batchSize: full, epochs: 6, snapshots: { geometric: 2, unit: steps }, evaluate: { every: 4, split: test } } }",
      project:
        "{ uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 8, jacobian: [0, 4, final], targets: [residual] } }",
    },
  ],
  [
    "some of the examples, block Krylov, angles and the linearised problem",
    {
      svd: "{ uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 8, examples: 25, method: block-krylov } }",
      angles: "{ uses: metrics/angles, from: svd.basis, with: { rank: 5 } }",
      linear:
        "{ uses: theory/linearised, from: [noise, svd.basis, train.predictions, train.metrics], with: { learningRate: 0.05 } }",
    },
  ],
  [
    "angles with the initial Jacobian alone, and the theory's kernel",
    {
      angles: "{ uses: metrics/angles, from: svd.basis, with: { against: initial } }",
      towards:
        "{ uses: metrics/angles, from: [noise, svd.basis], with: { rank: 5, targets: [label, clean_label] } }",
      kernel: "{ uses: theory/multiclass-ntk, from: data, with: { rank: 7, split: [train, test] } }",
    },
  ],
] as const) {
  law(`as planned: ${what}`, () =>
    withFolder(async (folder) => {
      writeStripes(join(folder, "stripes"), 30, 15);
      const data = "{ uses: data/idx, with: { path: stripes, train: 30, test: 15, standardise: unit-norm } }";
      const text = smallPipeline({ data, parquet: null, ...changes });
      const found = await sentAndPlanned(text, join(folder, "small.yaml"));
      assertAsPlanned(
        found,
        found.map(([name]) => name),
      );
    }),
  );
}

/** What plans find wrong: `CODE line:column`. */
async function foundBy(text: string, file: string): Promise<readonly string[]> {
  const loaded = await loadFile({
    ...{ text, file, environment: {}, engines: ["native", "wasm"] },
    stages: new Map(builtInStages.map((stage) => [stage.name, stage])),
  });
  const [{ pipeline, mistakes }] = loaded.runs;
  const found = mistakes(plannedErrors(await planPipeline(pipeline, { memoryLimit })));
  return found.errors.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`);
}

for (const [code, place, stage, ...changes] of [
  ["BASIS_TOO_SHORT", "project", "project", ["rank: 8", "rank: 9"]],
  ["NO_JACOBIAN_AT", "[2]", "project", ["[initial, final]", "[2]"]],
  [
    "RESIDUAL_NEEDS_PREDICTIONS",
    "[residual]",
    "project",
    [", train.predictions]", "]"],
    ["rank: 8", "targets: [residual]"],
  ],
  ["RANK_TOO_LARGE", "500", "svd", ["rank: 8", "rank: 500"]],
  ["NO_SPLIT", "[train, test]", "svd", ["rank: 8", "rank: 8"], ["path: stripes", "path: stripes, test: 0"]],
  ["BATCH_TOO_LARGE", "61", "train", ["batchSize: 10", "batchSize: 61"]],
  ["PAST_THE_END", "37", "train", ["at: [0, 3, 6]", "unit: steps, at: [0, 37]"]],
] as const) {
  law(`a plan finds ${code}, where the file says it`, () =>
    withFolder(async (folder) => {
      writeStripes(join(folder, "stripes"));
      let text = smallPipeline();
      for (const [was, is] of changes) {
        const from = was.startsWith("path") ? "data" : stage;
        text = text.replace(new RegExp(`^  ${from}: .*$`, "m"), (line) => line.replace(was, is));
      }
      const lines = text.split("\n");
      const line = lines.findIndex((each) => each.startsWith(`  ${stage}:`));
      assert.equal(await foundBy(text, join(folder, "small.yaml")), [
        `${code} ${line + 1}:${lines[line].indexOf(place) + 1}`,
      ]);
    }),
  );
}

law.run();
