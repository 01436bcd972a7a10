import { readFile } from "node:fs/promises";
import { type TProperties, Type } from "typebox";
import { architectures, expandArchitecture } from "../../engine/network/architectures.js";
import { activations } from "../../engine/network/form.js";
import { type InitialisationName, initialisations } from "../../engine/network/initialisation.js";
import type { Activation, Network } from "../../engine/network/network.js";
import type { Additions, Variants } from "../../pipeline/stage.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { networkErrors } from "../../schemas/errors/network.js";
import { addedWords, variantsOf } from "../additions.js";
import { regularFileSize } from "../regularFile.js";
import { addedArchitecture, readNetwork } from "./added.js";

const initialisationNames = Object.keys(initialisations) as InitialisationName[];

/** What plugins add to networks. */
export type AddedNetworks = Pick<Additions, "architectures" | "layers">;

/** The option that names an architecture, and those of any network. */
const commonOptions = (added: AddedNetworks) => ({
  architecture: Type.Optional(
    Type.Union(
      [...architectures.map(({ name }) => name), ...added.architectures.keys()].map((name) =>
        Type.Literal(name),
      ),
      {
        description: `${architectures.map(({ name, summary }) => `${name}: ${summary}`).join("; ")}${addedWords(added.architectures)}`,
      },
    ),
  ),
  network: Type.Optional(
    Type.Union([Type.String(), Type.Object({}, { additionalProperties: true })], {
      description:
        "instead of an architecture: the network { input, layers }, or the path of a JSON file with it",
    }),
  ),
  initialisation: Type.Optional(
    Type.Union(
      initialisationNames.map((name) => Type.Literal(name)),
      {
        description: `${Object.entries(initialisations)
          .map(([name, words]) => `${name}: ${words}`)
          .join("; ")} (default: what the architecture is meant for, he for a described network)`,
      },
    ),
  ),
  outputScale: Type.Number({
    default: 1,
    description: "multiplies the last kernel once, when it is drawn; a layer's scale is part of the function",
  }),
});

/** Options of the built-in architectures. */
const builtInOptions = {
  hidden: Type.Optional(
    Type.Union([Type.Integer({ minimum: 1 }), Type.Array(Type.Integer({ minimum: 1 }))], {
      description:
        "widths of the hidden layers of one-hidden-layer (default 1024) and mlp (default [128, 64])",
    }),
  ),
  activation: Type.Optional(
    Type.Union(
      activations.map((name) => Type.Literal(name)),
      {
        description:
          "activation of the architecture's hidden layers (default relu; one-hidden-layer: softplus)",
      },
    ),
  ),
  norm: Type.Optional(
    Type.Union([Type.Literal("none"), Type.Literal("batch")], {
      description: "batch normalisation after the convolutions of a resnet (default none)",
    }),
  ),
};

/** Options of every stage that makes a network. */
export const descriptionOptions = (added: AddedNetworks) => {
  const { architecture, ...common } = commonOptions(added);
  return { architecture, ...builtInOptions, ...common };
};

/** The same where the architecture is one of a plugin: with that one's own options; `besides` are the stage's own. */
export const descriptionVariants = (added: AddedNetworks, besides: TProperties = {}): Variants => ({
  option: "architecture",
  schemas: variantsOf({ ...commonOptions(added), ...besides }, added.architectures),
});

export interface DescriptionOptions {
  readonly architecture?: string;
  readonly hidden?: number | readonly number[];
  readonly activation?: Activation;
  readonly norm?: "none" | "batch";
  readonly network?: string | object;
  readonly initialisation?: InitialisationName;
  readonly outputScale: number;
}

/** A named architecture still to be fitted to the data, or a network with an input and an output of its own. */
export type Description =
  | { readonly kind: "architecture"; readonly expand: (input: readonly number[], outputs: number) => Network }
  | { readonly kind: "network"; readonly network: Network };

/** A network that is in a file of its own. */
interface DescribedInFile {
  readonly kind: "file";
  readonly path: string;
}

/**
 * What the options alone describe; undefined when they name neither an architecture nor a network.
 * Errors: OPTION_VALUE for options that exclude each other, ARCHITECTURE_OPTION, INVALID_NETWORK and the errors of
 * single layers. What an architecture of a plugin makes is seen when it is expanded: PLUGIN_ARCHITECTURE. `place` is that
 * of the options, `stages.NAME.with`.
 */
export function describedByOptions(
  options: DescriptionOptions,
  place: string,
  added: AddedNetworks,
): Description | DescribedInFile | undefined {
  const { architecture, network } = options;
  const addition = architecture === undefined ? undefined : added.architectures.get(architecture);
  const parts = {
    ...(options.hidden === undefined ? {} : { hidden: options.hidden }),
    ...(options.activation === undefined ? {} : { activation: options.activation }),
    ...(options.norm === undefined ? {} : { norm: options.norm }),
  };
  if (architecture !== undefined) {
    if (network !== undefined) {
      const remedy = "Keep one of them.";
      throw dataErrors.option(`${place}.network`, "architecture and network exclude each other", remedy);
    }
    if (addition !== undefined) {
      const expand = addedArchitecture(
        architecture,
        addition,
        options,
        added.layers,
        `${place}.architecture`,
      );
      return { kind: "architecture", expand };
    }
    const expand = (input: readonly number[], outputs: number) =>
      expandArchitecture(architecture, { input, outputs, ...parts });
    try {
      // Every architecture takes images of this size, so what is wrong here is an option.
      expand([32, 32, 3], 2);
    } catch (error) {
      throw placed(error, place);
    }
    return { kind: "architecture", expand };
  }
  const [stray] = Object.keys(parts);
  if (stray !== undefined) {
    const remedy = `Leave ${stray} out, or name an architecture.`;
    throw dataErrors.option(`${place}.${stray}`, `${stray} is an option of an architecture`, remedy);
  }
  if (network === undefined) return undefined;
  if (typeof network !== "string") {
    return { kind: "network", network: readNetwork(network, added.layers, `${place}.network`) };
  }
  return { kind: "file", path: network };
}

/** The same with the network's file read; DATA_FILE_UNREADABLE when that is not possible. */
export async function readDescription(
  options: DescriptionOptions,
  place: string,
  resolvePath: (path: string) => string,
  added: AddedNetworks,
): Promise<Description | undefined> {
  const described = describedByOptions(options, place, added);
  if (described?.kind !== "file") return described;
  const file = resolvePath(described.path);
  return {
    kind: "network",
    network: readNetwork(await readJson(file, `${place}.network`), added.layers, file),
  };
}

/**
 * Whether a network takes inputs of this shape: its own, or either of the two is flat and as long as the other (both are
 * row-major, so flattening moves nothing). NETWORK_INPUT otherwise.
 */
export function checkInput(network: Network, shape: readonly number[], place: string): void {
  const size = (sides: readonly number[]) => sides.reduce((product, side) => product * side, 1);
  const same = network.input.join() === shape.join();
  const flat = network.input.length === 1 || shape.length === 1;
  if (!same && !(flat && size(network.input) === size(shape))) {
    throw dataErrors.networkInput(network.input, shape, place);
  }
}

async function readJson(file: string, place: string): Promise<unknown> {
  let text: string;
  try {
    await regularFileSize(file);
    text = await readFile(file, "utf8");
  } catch (error) {
    throw dataErrors.unreadable(file, error, place);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = `${file} is not JSON: ${(error as Error).message}`;
    throw networkErrors.invalidNetwork(place, reason, "Write the network as JSON.", text.slice(0, 80));
  }
}

/** An error of an option, at its full place. */
function placed(error: unknown, place: string): unknown {
  if (!(error instanceof JacoflowError)) return error;
  const { code, kind, message, value, remedy } = error;
  return new JacoflowError({
    code,
    kind,
    message,
    value,
    place: `${place}.${error.place}`,
    ...(remedy === undefined ? {} : { remedy }),
  });
}
