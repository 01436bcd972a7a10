import { networkErrors } from "../../schemas/errors/network.js";
import { activations } from "./form.js";
import type { InitialisationName } from "./initialisation.js";
import type { Activation, Layer, Network } from "./network.js";
import { residualNetwork } from "./resnet.js";
import { elements, inferShapes, type Shape } from "./shapes.js";

/** What a named architecture is expanded from. */
export interface ArchitectureOptions {
  /** Shape of an example: [height, width, channels] or [features]. */
  readonly input: Shape;
  /** K. */
  readonly outputs: number;
  /** Widths of the hidden layers (one number for one-hidden-layer). */
  readonly hidden?: number | readonly number[];
  readonly activation?: Activation;
  readonly norm?: "none" | "batch";
}

export type ArchitectureOption = "hidden" | "activation" | "norm";

/** One named architecture, with what `describe` says of it. */
export interface Architecture {
  readonly name: string;
  readonly summary: string;
  /** The options it knows, each with its default and meaning. */
  readonly options: Readonly<
    Partial<Record<ArchitectureOption, { readonly default: string; readonly summary: string }>>
  >;
  /** The initialisation it is meant to start from. */
  readonly initialisation: InitialisationName;
  readonly layers: (options: ArchitectureOptions) => readonly Layer[];
}

const activationOption = (usual: Activation) => ({
  default: usual,
  summary: `activation of the hidden layers: ${activations.join(", ")}`,
});

/** The theory's network, f(x) = V φ(Wx) with V fixed (paper §1). V's signs are drawn by the `theory` initialisation. */
function oneHiddenLayer({ input, outputs, hidden = 1024, activation = "softplus" }: ArchitectureOptions) {
  const units = typeof hidden === "number" ? hidden : hidden[0];
  const layers: Layer[] = [
    { type: "dense", name: "hidden", units, useBias: false, activation },
    { type: "dense", name: "out", units: outputs, useBias: false, trainable: false },
  ];
  return flattened(input, layers);
}

function perceptron({ input, outputs, hidden = [128, 64], activation = "relu" }: ArchitectureOptions) {
  const widths = typeof hidden === "number" ? [hidden] : hidden;
  const layers: Layer[] = widths.map((units, index) => ({
    type: "dense",
    name: `hidden${index + 1}`,
    units,
    activation,
  }));
  return flattened(input, [...layers, { type: "dense", name: "logits", units: outputs }]);
}

/** LeNet-5 of LeCun et al. 1998 with max pooling, for 28×28 and 32×32 images. */
function lenet({ outputs, activation = "relu" }: ArchitectureOptions): readonly Layer[] {
  return [
    { type: "conv2d", name: "conv1", filters: 6, kernelSize: 5, padding: "same", activation },
    { type: "maxPooling2d", poolSize: 2 },
    { type: "conv2d", name: "conv2", filters: 16, kernelSize: 5, padding: "valid", activation },
    { type: "maxPooling2d", poolSize: 2 },
    { type: "flatten" },
    { type: "dense", name: "dense1", units: 120, activation },
    { type: "dense", name: "dense2", units: 84, activation },
    { type: "dense", name: "logits", units: outputs },
  ];
}

function flattened(input: Shape, layers: readonly Layer[]): readonly Layer[] {
  return input.length === 1 ? layers : [{ type: "flatten" }, ...layers];
}

const residualNetworks: readonly Architecture[] = [3, 5, 7, 9].map((blocks) => ({
  name: `resnet${6 * blocks + 2}`,
  summary: `ResNet-${6 * blocks + 2} for small images (He et al. 2016): 3 stages of ${blocks} blocks, 16, 32, 64 channels, option A shortcuts`,
  options: {
    activation: activationOption("relu"),
    norm: { default: "none", summary: "none, or batch: a batchNormalization after every convolution" },
  },
  initialisation: "he",
  layers: ({ outputs, activation = "relu", norm = "none" }) =>
    residualNetwork(blocks, outputs, activation, norm),
}));

/** Every named architecture, in the order they are listed. */
export const architectures: readonly Architecture[] = [
  {
    name: "one-hidden-layer",
    summary: "the theory's network: hidden layer trained without bias, fixed output signs ±1/√(kK)",
    options: {
      hidden: { default: "1024", summary: "k, the width of the hidden layer" },
      activation: activationOption("softplus"),
    },
    initialisation: "theory",
    layers: oneHiddenLayer,
  },
  {
    name: "mlp",
    summary: "dense layers hidden1, hidden2, …, logits; images are flattened first",
    options: {
      hidden: { default: "[128, 64]", summary: "widths of the hidden layers" },
      activation: activationOption("relu"),
    },
    initialisation: "he",
    layers: perceptron,
  },
  {
    name: "lenet",
    summary: "LeNet-5: two 5×5 convolutions with max pooling, dense 120, 84 and logits",
    options: { activation: activationOption("relu") },
    initialisation: "he",
    layers: lenet,
  },
  ...residualNetworks,
];

/** The architecture of that name, or UNKNOWN_ARCHITECTURE with the nearest one. */
export function findArchitecture(name: string): Architecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found !== undefined) return found;
  throw networkErrors.unknownArchitecture(
    name,
    architectures.map((architecture) => architecture.name),
  );
}

/**
 * The network of a named architecture. An option it does not know, or a bad value, is an ARCHITECTURE_OPTION error; an
 * input it does not fit (an MLP of no width, a ResNet on flat features) is an INVALID_LAYER error.
 */
export function expandArchitecture(name: string, options: ArchitectureOptions): Network {
  const architecture = findArchitecture(name);
  checkOptions(architecture, options);
  const network: Network = { input: options.input, layers: architecture.layers(options) };
  inferShapes(network);
  return network;
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;

function checkOptions(architecture: Architecture, options: ArchitectureOptions): void {
  const refuse = (option: string, reason: string, value: unknown) => {
    throw networkErrors.architectureOption(architecture.name, option, reason, value);
  };
  for (const option of ["hidden", "activation", "norm"] as const) {
    if (options[option] !== undefined && architecture.options[option] === undefined) {
      refuse(option, `it has no option "${option}"`, options[option]);
    }
  }
  const { input, outputs, hidden, activation, norm } = options;
  if (!(input.length === 1 || input.length === 3) || !input.every(isCount) || elements(input) < 1) {
    refuse("input", `input must be [height, width, channels] or [features], not [${input}]`, input);
  }
  if (!isCount(outputs)) refuse("outputs", `outputs must be a positive integer, not ${outputs}`, outputs);
  const widths = hidden === undefined ? [] : [hidden].flat();
  if (!widths.every(isCount)) refuse("hidden", `widths must be positive integers, not ${widths}`, hidden);
  if (architecture.name === "one-hidden-layer" && hidden !== undefined && widths.length !== 1) {
    refuse("hidden", `it has one hidden layer, not ${widths.length}`, hidden);
  }
  if (activation !== undefined && !activations.includes(activation)) {
    refuse(
      "activation",
      `activation must be one of ${activations.join(", ")}, not ${activation}`,
      activation,
    );
  }
  if (norm !== undefined && norm !== "none" && norm !== "batch") {
    refuse("norm", `norm must be none or batch, not ${norm}`, norm);
  }
}
