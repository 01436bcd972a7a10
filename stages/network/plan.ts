import type { Network } from "../../engine/network/network.js";
import { inferShapes } from "../../engine/network/shapes.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { plannedSnapshots } from "../plannedTable.js";
import { type AddedNetworks, checkInput, type DescriptionOptions, readDescription } from "./description.js";
import { withOutputs } from "./head.js";

/**
 * The one snapshot a stage will send of the network its options describe, or of the one `given` with trained weights, the
 * head made anew where K differs, for the examples that are known; nothing where they are not. Errors: those of the description.
 */
export async function planSnapshot(
  options: DescriptionOptions,
  { inputs, place, resolvePath }: PlanContext,
  added: AddedNetworks,
  given?: Network,
): Promise<StagePlan> {
  const { shape, classes } = inputs.examples ?? {};
  const description =
    given === undefined
      ? await readDescription(options, `${place}.with`, resolvePath, added)
      : { kind: "network" as const, network: given };
  if (description === undefined) return {};
  const known = shape !== undefined && classes !== undefined;
  const described =
    description.kind === "network"
      ? description.network
      : known
        ? description.expand(shape, classes)
        : undefined;
  if (described === undefined) return {};
  if (shape !== undefined) checkInput(described, shape, `${place}.with.network`);
  const { outputs } = inferShapes(described);
  const network =
    given !== undefined && classes !== undefined && outputs !== classes
      ? withOutputs(described, classes, `${place}.with.network`)
      : described;
  if (classes !== undefined && inferShapes(network).outputs !== classes) {
    throw dataErrors.networkOutputs(inferShapes(network).outputs, classes, `${place}.with.network`);
  }
  const snapshots = plannedSnapshots(network, [0]);
  return {
    // The numbers drawn, those of a tensor on its way and the table.
    memoryBytes: 3 * (snapshots.bytes ?? 0),
    work: { flops: 0, seconds: 0 },
    outputs: { snapshots },
  };
}
