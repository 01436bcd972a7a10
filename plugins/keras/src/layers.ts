import type { Activation, Layer } from "jacoflow";
import { shown } from "./errors.js";
import type { Config, KerasLayer } from "./model.js";

/** What a layer of Keras is here. */
export type Step =
  | { readonly kind: "layer"; readonly layer: Layer }
  /** Does nothing once trained. */
  | { readonly kind: "nothing" }
  /** Zeros around an image, which the convolution after it takes on. */
  | { readonly kind: "padding"; readonly zeros: number };

/** Says why a layer cannot be taken over. */
type Refuse = (reason: string) => void;
type Rule = (name: string, config: Config, refuse: Refuse) => Step;

const nothing: Rule = () => ({ kind: "nothing" });
const layer = (made: Layer): Step => ({ kind: "layer", layer: made });

const activations: Readonly<Record<string, Activation>> = {
  linear: "linear",
  relu: "relu",
  tanh: "tanh",
  sigmoid: "sigmoid",
  softplus: "softplus",
  gelu: "gelu",
};

/** Keras 3 writes some functions as `{ class_name: "function", config: "relu" }`. */
export function activationName(config: Config): string {
  const { activation } = config;
  const named = typeof activation === "object" && activation !== null && "config" in activation;
  return shown((named ? activation.config : activation) ?? "linear");
}

function activationOf(config: Config, refuse: Refuse): Activation {
  const name = activationName(config);
  if (Object.hasOwn(activations, name)) return activations[name];
  refuse(name === "softmax" ? "a soft-max that is not the end of the model" : `activation ${name}`);
  return "linear";
}

/** Whether a number is right in each place of a value: 1 in `[1, 1]`. */
const isAll = (value: unknown, wanted: number) => [value].flat(2).every((part) => part === wanted);

function channelsLast({ data_format: format }: Config, refuse: Refuse): void {
  if (format !== undefined && format !== null && format !== "channels_last") {
    refuse(`data_format ${shown(format)}: channels must come last`);
  }
}

/** Not a number for whatever is none: an object of a file may not even turn into text. */
const numberOf = (value: unknown): number => (typeof value === "object" ? Number.NaN : Number(value));

function pairOf(value: unknown): number | readonly [number, number] {
  return Array.isArray(value) ? [numberOf(value[0]), numberOf(value[1])] : numberOf(value);
}

function paddingOf({ padding }: Config, refuse: Refuse): "same" | "valid" {
  if (padding !== "same" && padding !== "valid" && padding !== undefined) refuse(`padding ${shown(padding)}`);
  return padding === "same" ? "same" : "valid";
}

const weighted = (config: Config, refuse: Refuse) => ({
  useBias: config.use_bias !== false,
  activation: activationOf(config, refuse),
  ...(config.trainable === false ? { trainable: false } : {}),
});

const pooling =
  (type: "maxPooling2d" | "averagePooling2d"): Rule =>
  (name, config, refuse) => {
    channelsLast(config, refuse);
    const poolSize = pairOf(config.pool_size);
    const strides = pairOf(config.strides ?? config.pool_size);
    return layer({ type, name, poolSize, strides, padding: paddingOf(config, refuse) });
  };

/** What each class of layers becomes. */
const rules: Readonly<Record<string, Rule>> = {
  InputLayer: nothing,
  Dropout: nothing,
  SpatialDropout2D: nothing,
  AlphaDropout: nothing,
  GaussianDropout: nothing,
  GaussianNoise: nothing,
  ActivityRegularization: nothing,

  Dense: (name, config, refuse) =>
    layer({ type: "dense", name, units: numberOf(config.units), ...weighted(config, refuse) }),

  Conv2D: (name, config, refuse) => {
    channelsLast(config, refuse);
    if (!isAll(config.dilation_rate ?? 1, 1)) refuse(`dilation_rate ${shown(config.dilation_rate)}`);
    if ((config.groups ?? 1) !== 1) refuse(`groups ${shown(config.groups)}`);
    return layer({
      type: "conv2d",
      name,
      filters: numberOf(config.filters),
      kernelSize: pairOf(config.kernel_size),
      strides: pairOf(config.strides ?? 1),
      padding: paddingOf(config, refuse),
      ...weighted(config, refuse),
    });
  },

  BatchNormalization: (name, config, refuse) => {
    const axis = [config.axis ?? -1].flat();
    // Which of the two is the last axis is known with the shapes only: see checkAxes.
    if (axis.length !== 1 || ![-1, 1, 3].includes(numberOf(axis[0]))) refuse(`axis ${shown(config.axis)}`);
    if (config.center === false || config.scale === false) refuse("center or scale is false");
    return layer({
      type: "batchNormalization",
      name,
      epsilon: numberOf(config.epsilon ?? 1e-3),
      momentum: numberOf(config.momentum ?? 0.99),
      ...(config.trainable === false ? { trainable: false } : {}),
    });
  },

  MaxPooling2D: pooling("maxPooling2d"),
  AveragePooling2D: pooling("averagePooling2d"),

  GlobalAveragePooling2D: (name, config, refuse) => {
    channelsLast(config, refuse);
    if (config.keepdims === true) refuse("keepdims is true");
    return layer({ type: "globalAveragePooling2d", name });
  },

  Flatten: (name, config, refuse) => {
    channelsLast(config, refuse);
    return layer({ type: "flatten", name });
  },

  Activation: (name, config, refuse) =>
    layer({ type: "activation", name, activation: activationOf(config, refuse) }),

  ReLU: (name, config, refuse) => {
    if ((config.max_value ?? null) !== null) refuse(`max_value ${shown(config.max_value)}`);
    for (const key of ["negative_slope", "threshold"]) {
      if (!isAll(config[key] ?? 0, 0)) refuse(`${key} ${shown(config[key])}`);
    }
    return layer({ type: "activation", name, activation: "relu" });
  },

  Softmax: (_name, _config, refuse) => {
    refuse("a soft-max that is not the end of the model");
    return { kind: "nothing" };
  },

  ZeroPadding2D: (_name, config, refuse) => {
    channelsLast(config, refuse);
    const zeros = numberOf([config.padding].flat(2)[0]);
    if (!isAll(config.padding, zeros)) refuse(`padding ${shown(config.padding)}: sides that differ`);
    return { kind: "padding", zeros };
  },
};

export const supportedClasses = [...Object.keys(rules), "Add", "Sequential", "Functional"];

/** Layers that do nothing once trained, by class. */
export const doesNothing = (className: string) =>
  Object.hasOwn(rules, className) && rules[className] === nothing;

/** What a layer becomes, and every reason why it cannot; `Add` and nested models are made elsewhere. */
export function stepOf({ name, className, config }: KerasLayer): {
  readonly step: Step;
  readonly reasons: readonly string[];
} {
  const reasons: string[] = [];
  if (!Object.hasOwn(rules, className)) {
    return { step: { kind: "nothing" }, reasons: ["layers of this class are not supported"] };
  }
  const step = rules[className](name, config, (reason) => reasons.push(reason));
  return { step, reasons };
}
