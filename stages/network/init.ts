import { Type } from "typebox";
import { inferShapes } from "../../engine/network/shapes.js";
import { defineStage, noAdditions, output, whole } from "../../pipeline/stage.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { checkClasses, classCount, readExamples } from "../examples.js";
import { snapshotWriter } from "../snapshot.js";
import {
  type AddedNetworks,
  checkInput,
  describedByOptions,
  descriptionOptions,
  descriptionVariants,
  readDescription,
} from "./description.js";
import { planSnapshot } from "./plan.js";
import { freshParameters } from "./start.js";

/** The stage, with the architectures of plugins. */
export const networkInit = (added: AddedNetworks) =>
  defineStage({
    name: "network/init",
    summary: "Makes a network, named or described, and draws its first parameters",
    options: Type.Object(descriptionOptions(added), { additionalProperties: false }),
    variants: descriptionVariants(added),
    inputs: { examples: whole("examples", "examples the network is for: their shape and their classes") },
    outputs: { snapshots: output("parameters", "one snapshot, at step 0") },
    checkOptions: ({ options, place }) => {
      required(describedByOptions(options, `${place}.with`, added), `${place}.with`);
    },
    check: async ({ options, place, resolvePath }) => {
      await readDescription(options, `${place}.with`, resolvePath, added);
    },
    plan: (options, context) => planSnapshot(options, context, added),
    run: async (inputs, outputs, context) => {
      const place = `stages.${context.stage}.with`;
      const description = required(
        await readDescription(context.options, place, context.resolvePath, added),
        place,
      );
      const set = readExamples(inputs.examples.table);
      const network =
        description.kind === "network" ? description.network : description.expand(set.shape, classCount(set));
      checkInput(network, set.shape, `${place}.network`);
      checkClasses(set, inferShapes(network).outputs, `${place}.network`);
      const parameters = freshParameters(network, context.options, context.seed("parameters"));
      await outputs.snapshots.send(snapshotWriter(network).batch(0, 0, parameters));
    },
  });

export const init = networkInit(noAdditions);

function required<Described>(description: Described | undefined, place: string): Described {
  if (description !== undefined) return description;
  throw dataErrors.option(
    place,
    "neither an architecture nor a network is given",
    "Name an architecture, or describe the network.",
  );
}
