import {
  checkClasses,
  checkInput,
  defineStage,
  inferShapes,
  output,
  readExamples,
  snapshotWriter,
  whole,
} from "jacoflow";
import { Type } from "typebox";
import { kerasErrors } from "./errors.js";
import { type KerasNetwork, readKeras } from "./read.js";

const options = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      examples: ["examples/small/model.json"],
      description:
        "model.json that TensorFlow.js saved or tensorflowjs_converter made, its weights beside it",
    }),
    softmax: Type.Union([Type.Literal("strip"), Type.Literal("refuse")], {
      default: "strip",
      description:
        "a soft-max that ends the model: strip (the network gives the logits before it, the Jacobian is theirs) or refuse",
    }),
  },
  { additionalProperties: false },
);

export const keras = defineStage({
  name: "network/keras",
  summary: "Starts from a Keras model that TensorFlow.js saved: model.json and its weights",
  options,
  inputs: { examples: whole("examples", "examples the network is for: their shape and their classes") },
  outputs: { snapshots: output("parameters", "one snapshot, at step 0") },
  check: async ({ options, place, resolvePath }) => {
    const file = resolvePath(options.path);
    refuseSoftmax(await readKeras(file), options.softmax, file, `${place}.with.softmax`);
  },
  run: async (inputs, outputs, context) => {
    const place = `stages.${context.stage}.with`;
    const file = context.resolvePath(context.options.path);
    const read = await readKeras(file);
    const { network, parameters, softmax } = read;
    refuseSoftmax(read, context.options.softmax, file, `${place}.softmax`);
    if (softmax !== undefined) {
      context.log("info", `${file}: the soft-max of "${softmax}" is left out: J is that of the logits`);
    }
    const set = readExamples(inputs.examples.table);
    checkInput(network, set.shape, `${place}.path`);
    checkClasses(set, inferShapes(network).outputs, `${place}.path`);
    await outputs.snapshots.send(snapshotWriter(network).batch(0, 0, parameters));
  },
});

function refuseSoftmax({ softmax }: KerasNetwork, wanted: string, file: string, place: string): void {
  if (softmax !== undefined && wanted === "refuse") throw kerasErrors.softmax(place, file, softmax);
}
