import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { definePlugin } from "../../plugins/host/plugin.js";
import type { StageTrialFacts } from "../../plugins/kit/bench.js";
import { checkPlugin } from "../../plugins/kit/check.js";
import { laws } from "../../plugins/kit/laws.js";
import { builtInStages } from "../../stages/index.js";
import { consoleSink } from "../../stages/sinks/console.js";
import { diskFiles } from "../../stages/sinks/files.js";
import { renderReport } from "../../stages/sinks/report/render.js";
import { reportSink } from "../../stages/sinks/report.js";
import { withFolder } from "../support/folder.js";

const law = suite("built-in stages");
const root = fileURLToPath(new URL("../../", import.meta.url));

const trials: Readonly<Record<string, StageTrialFacts>> = {
  "data/idx": { options: { path: "examples/data/fashion-3", train: 30, test: 12 } },
  "data/cifar10": { options: { path: ".", train: 10, test: 10 } },
  "data/gaussian-mixture": { options: { classes: 2, dimension: 3, train: 20, test: 10 } },
  "data/table": { options: { path: "test/golden/mlp-tanh/examples.arrow" } },
  "labels/noise": { options: { fraction: 0.5 } },
  "network/init": { options: { architecture: "mlp", hidden: [4] } },
  "train/gradient-descent": { options: { learningRate: 0.1, batchSize: "full", epochs: 3 } },
  "jacobian/spectrum": { options: { rank: 3, split: ["train", "test"] } },
  "jacobian/density": { options: { split: ["train", "test"], exactUpTo: 0, columns: 3, sweeps: 2 } },
  "metrics/projection": { options: { rank: 2 } },
  "metrics/angles": { options: { rank: 2 } },
  "theory/multiclass-ntk": { options: { rank: 2 } },
  "theory/linearised": { options: { learningRate: 0.1 } },
  "theory/bounds": { options: {} },
  "advise/stopping": { options: {} },
};

/** Ten images of each set in the form of CIFAR-10's binary version: a label and 3072 bytes. */
function writeImages(folder: string): void {
  const record = (image: number) => Buffer.alloc(3073, 7 * image + 1).fill(image % 10, 0, 1);
  const images = Buffer.concat(Array.from({ length: 10 }, (_, image) => record(image)));
  const files = [1, 2, 3, 4, 5].map((at) => `data_batch_${at}.bin`);
  for (const file of [...files, "test_batch.bin"]) writeFileSync(join(folder, file), images);
}

const silent = { write: async () => undefined, close: async () => undefined };

/** What the console shows, and the thread a report is drawn in, are no matter here: how they read their inputs is. */
const stages = builtInStages.map(
  (stage) =>
    [consoleSink(() => silent), reportSink(diskFiles, renderReport)].find(
      ({ name }) => name === stage.name,
    ) ?? stage,
);

/** The stages are tried as those of a plugin that is loaded into nothing. */
const noBuiltIns = { stages: () => new Map(), architectures: [], labelNoises: [], layers: [] };

for (const stage of stages) {
  const { name } = stage;
  law(`${name} keeps every law of stages`, () =>
    withFolder(async (folder) => {
      if (name === "data/cifar10") writeImages(folder);
      const results = await checkPlugin(
        noBuiltIns,
        definePlugin({ name: "built-in", api: 1, stages: [stage] }),
        {
          trials: { [name]: { folder: name === "data/cifar10" ? folder : root, ...trials[name] } },
          seconds: 30,
        },
      );
      assert.equal(
        results.filter(({ passed }) => !passed).map((result) => `${result.law}: ${result.reason}`),
        [],
      );
      assert.is(results.length, Object.keys(laws).length);
    }),
  );
}

law.run();
