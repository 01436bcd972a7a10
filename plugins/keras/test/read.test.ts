import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { JacoflowError } from "jacoflow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readKeras } from "../src/read.js";

const law = suite("reading Keras models");

const examples = join(dirname(fileURLToPath(import.meta.url)), "../examples");
type ExampleName = "every-layer" | "branches" | "nested";

// biome-ignore lint/suspicious/noExplicitAny: JSON of any shape, changed to what a test needs
type Json = any;

/** Reads a copy of an example with its model.json changed. */
async function changed(example: ExampleName, change: (json: Json) => unknown, bytes?: Uint8Array) {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-keras-"));
  try {
    await cp(join(examples, example), folder, { recursive: true });
    const file = join(folder, "model.json");
    const json = JSON.parse(await readFile(file, "utf8"));
    const other = change(json);
    await writeFile(file, typeof other === "string" ? other : JSON.stringify(json));
    if (bytes !== undefined) await writeFile(join(folder, "group1-shard1of1.bin"), bytes);
    return await readKeras(file);
  } catch (error) {
    throw Object.assign(error as Error, { folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Codes, places without the folder, and messages of what is refused. */
async function refusal(...given: Parameters<typeof changed>) {
  const thrown = await changed(...given).then(
    () => undefined,
    (error: unknown) => error as Error & { folder: string },
  );
  if (thrown === undefined) return { codes: ["accepted"], text: "" };
  const errors = thrown instanceof AggregateError ? thrown.errors : [thrown];
  const strange = errors.find((error) => !(error instanceof JacoflowError));
  if (strange !== undefined) throw strange;
  return {
    codes: errors.map(({ code, place }) => `${code} ${String(place).replace(`${thrown.folder}/`, "")}`),
    text: errors.map(({ message }) => message).join("\n"),
  };
}

/** As an expression. */
const set = (object: Json, key: string, value: unknown) => void Object.assign(object, { [key]: value });
const layersOf = (json: Json): Json[] => json.modelTopology.config.layers;
const layerOf = (json: Json, name: string): Json => layersOf(json).find(({ config }) => config.name === name);

law(
  "a chain becomes the same chain, zeros part of the convolution after them, dropout left out",
  async () => {
    const { network, softmax, parameters } = await readKeras(join(examples, "every-layer/model.json"));
    assert.equal(network.input, [28, 28, 1]);
    assert.equal(
      network.layers.map(({ type, name }) => `${type} ${name}`),
      [
        "conv2d edges",
        "batchNormalization norm",
        "conv2d corners",
        "activation bend",
        "maxPooling2d peaks",
        "averagePooling2d means",
        "flatten flat",
        "dense soft",
        "dense squash",
        "dense plain",
        "activation rectify",
        "dense classes",
      ],
    );
    const [, norm, corners] = network.layers;
    assert.equal(norm, { type: "batchNormalization", name: "norm", epsilon: 0.01, momentum: 0.9 });
    assert.equal("padding" in corners && corners.padding, 1);
    assert.is("trainable" in network.layers[7] && network.layers[7].trainable, false);
    assert.is(softmax, "classes");
    const bytes = await readFile(join(examples, "every-layer/group1-shard1of1.bin"));
    assert.is(parameters.length * 4, bytes.length);
  },
);

law("branches that an Add joins become residuals, one within another", async () => {
  const { network, softmax } = await readKeras(join(examples, "branches/model.json"));
  const outline = (layers: readonly Json[]): Json =>
    layers.map(({ type, name, main, shortcut }) =>
      type === "residual" ? [outline(main), outline(shortcut)] : name,
    );
  assert.equal(outline(network.layers), [
    ...["stem", "stem_norm", "stem_relu"],
    [["same_1", "same_norm", "same_relu", "same_2"], []],
    "same_out",
    [["down_1", "down_norm", "down_relu", "down_2"], ["down_shortcut"]],
    [["outer_relu", [["inner_1", "inner_norm", "inner_relu", "inner_2"], []]], []],
    ...["average", "logits"],
  ]);
  assert.is(softmax, "softmax");
});

law("models as Keras 2 and 3 write them are the same models", async () => {
  const wanted = await readKeras(join(examples, "branches/model.json"));
  const wrapped = await changed("branches", (json) => {
    json.modelTopology = { keras_version: "2.11.0", model_config: json.modelTopology };
    for (const { weights } of json.weightsManifest)
      for (const own of weights) own.name = `model/${own.name}:0`;
  });
  assert.equal(wrapped, wanted);
  const keras3 = await changed("branches", (json) => {
    const { config } = json.modelTopology;
    json.modelTopology.class_name = "Functional";
    config.input_layers = config.input_layers[0];
    config.output_layers = config.output_layers[0];
    for (const layer of config.layers) {
      const tensors = (layer.inbound_nodes[0] ?? []).map(([name]: [string]) => ({
        class_name: "__keras_tensor__",
        config: { shape: [null], dtype: "float32", keras_history: [name, 0, 0] },
      }));
      if (tensors.length > 0) {
        layer.inbound_nodes = [{ args: tensors.length > 1 ? [tensors] : tensors, kwargs: { mask: null } }];
      }
      if (layer.config.batch_input_shape) {
        layer.config.batch_shape = layer.config.batch_input_shape;
        delete layer.config.batch_input_shape;
      }
    }
  });
  assert.equal(keras3, wanted);
  const list = await changed("every-layer", (json) => {
    json.modelTopology.config = layersOf(json);
  });
  assert.equal(list, await readKeras(join(examples, "every-layer/model.json")));
});

law("a nested model is taken apart; one that is not trainable has no trainable layer", async () => {
  const { network } = await readKeras(join(examples, "nested/model.json"));
  assert.equal(
    network.layers.map(({ name }) => name),
    ["flat", "hidden", "head"],
  );
  const frozen = await changed("nested", (json) => {
    layersOf(json)[0].config.trainable = false;
  });
  const trainable = frozen.network.layers.map((layer) => "trainable" in layer && layer.trainable);
  assert.is(trainable[1], false);
  assert.is.not(trainable[2], true);
});

law(
  "every layer that cannot be taken over is named at once, with index, name, class and reason",
  async () => {
    const { codes, text } = await refusal("every-layer", (json) => {
      layerOf(json, "edges").config.data_format = "channels_first";
      layerOf(json, "norm").config.center = false;
      layerOf(json, "corners").config.dilation_rate = [2, 2];
      layerOf(json, "bend").config.activation = "swish";
      layerOf(json, "means").class_name = "LSTM";
      layerOf(json, "squash").config.activation = "softmax";
      layerOf(json, "rectify").config.max_value = 6;
    });
    assert.equal(
      codes,
      [0, 1, 3, 4, 6, 10, 12].map((index) => `KERAS_LAYER model.json#layers[${index}]`),
    );
    for (const part of [
      'layers[6] "means" (LSTM)',
      "channels_first",
      "dilation_rate [2,2]",
      "swish",
      "max_value 6",
    ]) {
      assert.match(text, part);
    }
  },
);

law("zeros that are no padding of a convolution are refused, and sides that differ", async () => {
  const beforePool = await refusal("every-layer", (json) => {
    layersOf(json).splice(5, 0, layersOf(json).splice(2, 1)[0]);
  });
  assert.equal(beforePool.codes, ["KERAS_LAYER model.json#layers[5]"]);
  const uneven = await refusal("every-layer", (json) => {
    layerOf(json, "pad").config.padding = [
      [0, 1],
      [0, 1],
    ];
  });
  assert.equal(uneven.codes, ["KERAS_LAYER model.json#layers[2]"]);
});

law("normalisation of another axis than the channels is refused even where the sizes agree", async () => {
  const first = await refusal("every-layer", (json) => {
    layerOf(json, "norm").config.axis = [1];
  });
  assert.equal(first.codes, ["KERAS_LAYER model.json#layers[1]"]);
  await changed("every-layer", (json) => {
    layerOf(json, "norm").config.axis = [3];
  });
});

law("a graph that is no chain of branches is refused at the layer", async () => {
  const inbound = (json: Json, name: string, ...from: readonly string[]) => {
    layerOf(json, name).inbound_nodes = [from.map((own) => [own, 0, 0, {}])];
  };
  const cases: readonly [string, (json: Json) => void][] = [
    ["layers[3]", (json) => inbound(json, "stem_relu", "stem_norm", "stem")],
    ["layers[8]", (json) => inbound(json, "same_add", "same_2", "stem_relu", "stem")],
    ["layers[4]", (json) => void layerOf(json, "same_1").inbound_nodes.push([["stem", 0, 0, {}]])],
    ["layers[8]", (json) => inbound(json, "same_1", "same_add")],
    ["layers[2]", (json) => inbound(json, "stem", "stem_norm")],
    ["layers[1]", (json) => set(layerOf(json, "stem"), "class_name", "Add")],
  ];
  for (const [place, change] of cases) {
    const { codes } = await refusal("branches", change);
    assert.equal(
      codes.map((code) => code.split(" ")[0]),
      ["KERAS_GRAPH"],
      place,
    );
  }
});

law(
  "weights that are quantised, of another type, missing, too many or cut short are refused by name",
  async () => {
    const weights = (json: Json): Json[] => json.weightsManifest[0].weights;
    const cases: readonly [string, (json: Json) => void][] = [
      [
        "KERAS_WEIGHT model.json#hidden/kernel",
        (json) => set(weights(json)[0], "quantization", { dtype: "uint8" }),
      ],
      ["KERAS_WEIGHT model.json#hidden/bias", (json) => set(weights(json)[1], "dtype", "int32")],
      ["KERAS_WEIGHT model.json#hidden/bias", (json) => set(weights(json)[1], "dtype", "string")],
      ["KERAS_WEIGHT model.json#hidden/bias", (json) => set(weights(json)[1], "shape", [-6])],
      ["KERAS_SHARD_BYTES model.json#weightsManifest", (json) => void weights(json).pop()],
      ["MISSING_WEIGHT model.json#head/bias", (json) => set(weights(json)[3], "name", "other/bias")],
      ["WEIGHT_SHAPE model.json#hidden/kernel", (json) => set(weights(json)[0], "shape", [6, 784])],
      ["KERAS_FORMAT model.json", (json) => void delete json.weightsManifest],
    ];
    for (const [wanted, change] of cases) assert.equal((await refusal("nested", change)).codes, [wanted]);
  },
);

law("weights are read from beside model.json and from nowhere else", async () => {
  for (const path of [
    "../weights.bin",
    "/etc/passwd",
    "a/b.bin",
    "..",
    "C:\\w.bin",
    "http://a.b/w.bin",
    "",
    7,
    "a\0b",
  ]) {
    const { codes } = await refusal("nested", (json) => {
      json.weightsManifest[0].paths = [path];
    });
    assert.equal(codes, ["KERAS_SHARD_PATH model.json#weightsManifest"], String(path));
  }
  const gone = await refusal("nested", (json) => {
    json.weightsManifest[0].paths = ["gone.bin"];
  });
  assert.equal(gone.codes, ["KERAS_UNREADABLE model.json"]);
});

law("what is no model of layers says what it is", async () => {
  const cases: readonly [string, (json: Json) => unknown][] = [
    ["KERAS_FORMAT model.json", () => "{"],
    ["KERAS_FORMAT model.json", () => "[]"],
    ["KERAS_FORMAT model.json", (json) => set(json, "format", "graph-model")],
    ["KERAS_FORMAT model.json", (json) => set(json.modelTopology, "class_name", "Estimator")],
    ["KERAS_FORMAT model.json", (json) => set(json.modelTopology.config, "layers", [])],
    [
      "KERAS_INPUT model.json#input",
      (json) => void delete layersOf(json)[0].config.layers[0].config.batch_input_shape,
    ],
    [
      "KERAS_INPUT model.json#input",
      (json) => set(layersOf(json)[0].config.layers[0].config, "batch_input_shape", [null, null, null, 1]),
    ],
  ];
  for (const [wanted, change] of cases) assert.equal((await refusal("nested", change)).codes, [wanted]);
});

law("an object in the place of a number is refused, also one that turns into no text", async () => {
  const change = (json: Json) => set(layersOf(json).at(-1).config, "units", { toString: null });
  assert.match((await refusal("nested", change)).codes.join(), /model\.json/);
});

law("whatever a model.json holds, it becomes a network or an error with a code", async () => {
  const names = ["every-layer", "branches", "nested"] as const;
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom("softmax", "Add", "Sequential", "same_add", -1, [null, 28]),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), fc.nat(), junk, async (name, where, value) => {
      await refusal(name, (json) => replace(json, where, value));
    }),
    { numRuns: 150 },
  );
});

/** Puts a value in place of one of those below, the `where`th of them. */
function replace(json: Json, where: number, value: unknown): void {
  const places: [Json, string][] = [];
  const walk = (at: Json) => {
    if (typeof at !== "object" || at === null) return;
    for (const key of Object.keys(at)) {
      places.push([at, key]);
      walk(at[key]);
    }
  };
  walk(json);
  const [parent, key] = places[where % places.length];
  parent[key] = value;
}

law.run();
