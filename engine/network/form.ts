import type { Activation, Layer } from "./network.js";

/** What a key of a layer may hold. */
export interface KeyRule {
  readonly required: boolean;
  /** What the value must be, in words. */
  readonly wanted: string;
  /** What the value must be when it is not that; undefined when it is right. */
  readonly check: (value: unknown) => string | undefined;
}

/** Every activation, in the order they are documented. */
export const activations: readonly Activation[] = [
  "linear",
  "relu",
  "tanh",
  "sigmoid",
  "softplus",
  "gelu",
  "erf",
];

const needed = (wanted: string, fits: (value: unknown) => boolean): KeyRule => ({
  required: true,
  wanted,
  check: (value) => (fits(value) ? undefined : wanted),
});
const optional = (rule: KeyRule): KeyRule => ({ ...rule, required: false });

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;
const isWhole = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isPair = (value: unknown, fits: (side: unknown) => boolean) =>
  Array.isArray(value) && value.length === 2 && value.every(fits);

const name = needed("a name", (value) => typeof value === "string" && value.trim() !== "");
const count = needed("a positive integer", isCount);
const sides = needed(
  "a positive integer or a pair [height, width] of them",
  (value) => isCount(value) || isPair(value, isCount),
);
const padding = needed(
  '"same", "valid" or a number of zeros ≥ 0',
  (value) => value === "same" || value === "valid" || isWhole(value),
);
const truth = needed("true or false", (value) => typeof value === "boolean");
const activation = needed(`one of ${activations.join(", ")}`, (value) =>
  activations.some((known) => known === value),
);
const finite = needed("a finite number", Number.isFinite);
const positive = needed("a number above 0", (value) => Number.isFinite(value) && (value as number) > 0);
const share = needed(
  "a number from 0 to 1",
  (value) => Number.isFinite(value) && (value as number) >= 0 && (value as number) <= 1,
);
const stack = needed("a list of layers", Array.isArray);
const channelPair = needed("a pair [before, after] of integers ≥ 0", (value) => isPair(value, isWhole));

/** The keys of a network itself. */
export const networkKeys: Readonly<Record<"input" | "layers", KeyRule>> = {
  input: needed(
    "[height, width, channels] or [features], positive integers",
    (value) => Array.isArray(value) && (value.length === 1 || value.length === 3) && value.every(isCount),
  ),
  layers: needed("a list with at least one layer", (value) => Array.isArray(value) && value.length > 0),
};

const weighted = {
  useBias: optional(truth),
  activation: optional(activation),
  trainable: optional(truth),
};
const pooling = {
  name: optional(name),
  poolSize: sides,
  strides: optional(sides),
  padding: optional(padding),
};

type LayerType = Layer["type"];
type LayerKeys<Type extends LayerType> = Exclude<keyof Extract<Layer, { type: Type }>, "type">;
type LayerRules = { readonly [Type in LayerType]: Readonly<Record<LayerKeys<Type>, KeyRule>> };

const rules: LayerRules = {
  dense: { name, units: count, ...weighted, scale: optional(finite) },
  conv2d: {
    name,
    filters: count,
    kernelSize: sides,
    strides: optional(sides),
    padding: optional(padding),
    ...weighted,
  },
  activation: { name: optional(name), activation },
  batchNormalization: {
    name,
    epsilon: optional(positive),
    momentum: optional(share),
    trainable: optional(truth),
  },
  maxPooling2d: pooling,
  averagePooling2d: pooling,
  globalAveragePooling2d: { name: optional(name) },
  flatten: { name: optional(name) },
  padShortcut: { name: optional(name), strides: count, channels: channelPair },
  residual: { name: optional(name), main: stack, shortcut: stack },
};

/** The keys every layer type knows, besides `type`. A key of network.ts that is missing here does not compile. */
export const layerRules: Readonly<Record<string, Readonly<Record<string, KeyRule>>>> = rules;
