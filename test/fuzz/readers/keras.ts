import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readKeras } from "../../../plugins/keras/src/read.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";
import { type Sample, textOf, utf8 } from "../sample.js";
import { mutatedData } from "../structure.js";

const examples = new URL("../../../plugins/keras/examples/", import.meta.url).pathname;

/** Models that TensorFlow.js saved. */
export const kerasReader: Reader = {
  name: "Keras model.json",
  corpus: async () =>
    ["small", "nested"].map(
      (name): Sample =>
        Object.fromEntries(
          readdirSync(join(examples, name)).map((file) => [file, readFileSync(join(examples, name, file))]),
        ),
    ),
  mutate: (sample, random) => {
    const name = random.integer(4) === 0 ? pick(random, Object.keys(sample)) : "model.json";
    const bytes = sample[name];
    const changed =
      name !== "model.json" || random.integer(4) === 0
        ? mutated(bytes, random, [bytes])
        : utf8(JSON.stringify(mutatedData(JSON.parse(textOf(bytes)), random)) ?? "");
    return { ...sample, [name]: changed };
  },
  read: async (folder) => {
    const { parameters } = await readKeras(join(folder, "model.json"));
    const odd = parameters.find((value) => !Number.isFinite(value));
    return odd === undefined ? undefined : `a parameter is ${odd}`;
  },
};
