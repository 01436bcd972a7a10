import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../engine/engines.js";
import { loadPipeline } from "../../pipeline/file/load.js";
import { runPipeline } from "../../pipeline/run/run.js";
import { builtInStages } from "../../stages/index.js";
import { countRows, listTables } from "../../stages/sinks/parquet/read.js";
import { withFolder } from "../support/folder.js";
import { stageMap } from "../support/pipelines.js";

const law = suite("many snapshots");

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const snapshots = 1000;
const text = `
name: many-snapshots
seed: 7
stages:
  data: { uses: data/gaussian-mixture, with: { classes: 3, clusters: 3, dimension: 4, sigma: 0.3, train: 12, test: 6 } }
  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [200] } }
  train: { uses: train/gradient-descent, from: [data, network], with: { optimizer: gd, learningRate: 0.1, batchSize: full, epochs: ${snapshots - 1}, snapshots: { every: 1, unit: epochs }, evaluate: { every: 100, unit: epochs }, checkpointSeconds: 0.5 } }
  svd: { uses: jacobian/spectrum, from: [data, train.snapshots], with: { rank: 3, split: [train], checkpointSeconds: 0.5 } }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum], with: { rowsPerPart: 300 } }
`;

law("1,000 snapshots and their spectra take no more memory than 300 did", () =>
  withFolder(async (folder) => {
    const pipeline = await loadPipeline({
      ...{
        text,
        file: "many.yaml",
        stages: stageMap(...builtInStages),
        engines: ["native", "wasm"],
        environment: {},
      },
    });
    const runFolder = join(folder, "run");
    // The least of several looks: at any one moment a batch may be on its way, a part be written, or a finaliser wait.
    const memory = new Map<number, number[]>([300, 900].map((middle) => [middle, []]));
    let spectra = 0;
    const { outcome, error } = await runPipeline(pipeline, {
      ...{ runFolder, memoryLimit: 1e9, threads: 1, versions: { jacoflow: "test" } },
      createEngine: () => createEngine("auto", { threads: 1 }),
      observers: [
        (event) => {
          if (event.kind !== "batch-sent" || event.origin.port !== "spectrum") return;
          spectra += 1;
          const around = [300, 900].find((middle) => Math.abs(spectra - middle) <= 50);
          if (around === undefined || spectra % 10 !== 0) return;
          collect();
          const { heapUsed, external } = process.memoryUsage();
          memory.get(around)!.push(heapUsed + external);
        },
      ],
    });
    assert.is(outcome, "done", error?.message);
    assert.is(spectra, snapshots);
    const kept = (await listTables(runFolder)).find(({ table }) => table === "spectrum")!;
    assert.is(await countRows(kept), 3 * snapshots);
    const [before, after] = [300, 900].map((middle) => Math.min(...memory.get(middle)!));
    // Held snapshots would be 600 times 12 kB and more.
    const grown = after - before;
    assert.ok(grown < 4e6, `${grown} bytes more around 900 than around 300: ${JSON.stringify([...memory])}`);
  }),
);

law.run();
