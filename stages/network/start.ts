import { architectures } from "../../engine/network/architectures.js";
import { initialParameters } from "../../engine/network/initialisation.js";
import type { Network } from "../../engine/network/network.js";
import { randomSource } from "../../engine/random.js";
import type { DescriptionOptions } from "./description.js";

/** Parameters a network starts from (flat, layout order), by the options' law and the seed. */
export function freshParameters(
  network: Network,
  { architecture, initialisation, outputScale }: DescriptionOptions,
  seed: string,
): Float32Array {
  const usual = architectures.find(({ name }) => name === architecture)?.initialisation ?? "he";
  const random = randomSource(seed);
  return initialParameters(network, {
    initialisation: initialisation ?? usual,
    outputScale,
    normal: () => random.normal(),
  });
}
