/** A network is data (design §4). This file is its form; what it means is in the files beside it. */

export type Activation = "linear" | "relu" | "tanh" | "sigmoid" | "softplus" | "gelu" | "erf";

/** A number pads both sides of both axes by as much; `same` and `valid` are TensorFlow's. */
export type Padding = "same" | "valid" | number;

export interface DenseLayer {
  readonly type: "dense";
  readonly name: string;
  readonly units: number;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default linear. */
  readonly activation?: Activation;
  /** Default true; false keeps the tensors out of J. */
  readonly trainable?: boolean;
  /** Multiplies the output, after bias and activation. Part of the function. Default 1. */
  readonly scale?: number;
}

export interface Convolution2dLayer {
  readonly type: "conv2d";
  readonly name: string;
  readonly filters: number;
  /** Side of the square kernel, or [height, width]. */
  readonly kernelSize: number | readonly [number, number];
  /** Default 1. */
  readonly strides?: number | readonly [number, number];
  /** Default valid. */
  readonly padding?: Padding;
  readonly useBias?: boolean;
  readonly activation?: Activation;
  readonly trainable?: boolean;
}

export interface ActivationLayer {
  readonly type: "activation";
  readonly name?: string;
  readonly activation: Activation;
}

export interface BatchNormalizationLayer {
  readonly type: "batchNormalization";
  readonly name: string;
  /** Default 1e-3. */
  readonly epsilon?: number;
  /** Weight of the old moving statistics in a training step. Default 0.99. */
  readonly momentum?: number;
  readonly trainable?: boolean;
}

export interface PoolingLayer {
  readonly type: "maxPooling2d" | "averagePooling2d";
  readonly name?: string;
  readonly poolSize: number | readonly [number, number];
  /** Default: the pool size. */
  readonly strides?: number | readonly [number, number];
  /** Default valid. */
  readonly padding?: Padding;
}

export interface GlobalAveragePoolingLayer {
  readonly type: "globalAveragePooling2d";
  readonly name?: string;
}

export interface FlattenLayer {
  readonly type: "flatten";
  readonly name?: string;
}

/** ResNet's option A: keeps every `strides`-th pixel from 0 and pads [before, after] zero channels. */
export interface PadShortcutLayer {
  readonly type: "padShortcut";
  readonly name?: string;
  readonly strides: number;
  readonly channels: readonly [number, number];
}

/** main(x) + shortcut(x); an empty shortcut is the identity. */
export interface ResidualLayer {
  readonly type: "residual";
  readonly name?: string;
  readonly main: readonly Layer[];
  readonly shortcut: readonly Layer[];
}

export type Layer =
  | DenseLayer
  | Convolution2dLayer
  | ActivationLayer
  | BatchNormalizationLayer
  | PoolingLayer
  | GlobalAveragePoolingLayer
  | FlattenLayer
  | PadShortcutLayer
  | ResidualLayer;

export interface Network {
  /** [height, width, channels] or [features]. */
  readonly input: readonly number[];
  readonly layers: readonly Layer[];
}
