import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { readSource } from "../../../pipeline/file/read.js";
import { mutated, mutatedText } from "../mutate.js";
import type { Reader } from "../reader.js";
import { textOf, utf8 } from "../sample.js";
import { mutatedData } from "../structure.js";

const { stages, engines } = composition();
const quickstart = readFileSync(new URL("../../../examples/quickstart.yaml", import.meta.url));

const data = {
  name: "fuzz",
  seed: 3,
  variables: { rank: 5, path: "data" },
  matrix: { "stages.noise.with.fraction": [0.1, 0.5], seed: [1] },
  stages: {
    data: { uses: "data/table", with: { path: "$" + "{path}/x.arrow" } },
    noise: { uses: "labels/noise", from: "data", with: { fraction: 0.5, kind: "uniform-other" } },
    network: { uses: "network/init", from: "noise", with: { architecture: "mlp", hidden: [4, 3] } },
    train: {
      uses: "train/gradient-descent",
      from: ["noise", "network"],
      with: { learningRate: 0.1, epochs: 2, snapshots: { at: [0, 2] } },
    },
    svd: { uses: "jacobian/spectrum", from: ["noise", "train.snapshots"], with: { rank: "$" + "{rank}" } },
    out: { uses: "sink/parquet", from: [{ port: "train.metrics", capacity: 4 }, "svd.spectrum"] },
  },
};

const words = [
  ": ",
  "- ",
  "\n",
  "  ",
  "\t",
  "{",
  "}",
  "[",
  "]",
  "&a ",
  "*a",
  "<<: *a",
  "!!binary ",
  "---\n",
  "$" + "{",
  "|",
  ">",
  "'",
  '"',
  "#",
  "1e999",
  ".nan",
  "0x1F",
  "~",
  "null",
  "true",
  "__proto__",
  "constructor",
  "uses",
  "from",
  "with",
  "extends",
  "matrix",
  "variables",
  "\ufeff",
  "\u2028",
  "\u0000",
  "9007199254740993",
  "-1",
];

async function load(text: string, sets: readonly string[] = []): Promise<string | undefined> {
  const pipeline = await loadPipeline({
    text,
    file: "fuzz.yaml",
    sets,
    stages,
    engines,
    environment: {},
    requireSink: true,
    checkEnvironment: false,
  });
  if (Reflect.get({}, "polluted") !== undefined) return "the prototype of objects has changed";
  const odd = JSON.stringify(pipeline.document, (_, value) => (Number.isNaN(value) ? "NaN!" : value));
  return odd.includes("NaN!") ? "a number of the pipeline is NaN" : undefined;
}

/** Pipeline files: bytes, words of YAML, and data written as YAML and JSON. */
export const pipelineFileReader: Reader = {
  name: "pipeline file",
  corpus: async () => [{ "fuzz.yaml": quickstart }],
  mutate: (sample, random) => {
    const bytes = sample["fuzz.yaml"];
    switch (random.integer(4)) {
      case 0:
        return { "fuzz.yaml": mutated(bytes, random, [bytes]) };
      case 1:
        return { "fuzz.yaml": utf8(mutatedText(textOf(bytes), random, words)) };
      case 2:
        return { "fuzz.yaml": utf8(JSON.stringify(mutatedData(data, random)) ?? "") };
      default:
        return { "fuzz.yaml": utf8(stringify(mutatedData(data, random))) };
    }
  },
  read: async (folder) => load(await readSource(join(folder, "fuzz.yaml"))),
};

/** Texts of `--set`. */
export const settingReader: Reader = {
  name: "--set",
  corpus: async () =>
    [
      "stages.train.with.epochs=200",
      "stages.svd.with={ rank: 7, split: [train, test] }",
      "seed=9",
      "stages.train.with.snapshots.at=[0, 10, 150]",
    ].map((text) => ({ "fuzz.yaml": utf8(text) })),
  mutate: (sample, random, corpus) => ({
    "fuzz.yaml":
      random.integer(3) === 0
        ? mutated(
            sample["fuzz.yaml"],
            random,
            corpus.map((other) => other["fuzz.yaml"]),
          )
        : utf8(mutatedText(textOf(sample["fuzz.yaml"]), random, [...words, ".", "=", "stages", "train"])),
  }),
  read: (_, sample) => load(textOf(quickstart), [textOf(sample["fuzz.yaml"])]),
};
