import type * as tf from "@tensorflow/tfjs-core";
import type { ShapedNormalization } from "../network/shapes.js";
import type { Site } from "./sites.js";
import type { Weights } from "./weights.js";

/** What batch normalisation centres and scales by: the batch's own statistics, or the moving ones, held constant. */
export type Normalization = "batch" | "moving";

/** Statistics of a batch that a normalisation met, biased variance; one a channel. */
export interface BatchStatistics {
  readonly layer: ShapedNormalization;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

/** What every layer of one pass forward shares. */
export interface Recording {
  readonly weights: Weights;
  readonly normalization: Normalization;
  /** Filled on the way, under `batch` only. */
  readonly statistics: BatchStatistics[];
}

/** One pass back. */
export interface Walk {
  /** Cotangents an example: row i · copies + c belongs to example i. 1 under `batch`, whose examples are tied together. */
  readonly copies: number;
  /** Meets every site once, the last layer first. Its tensors are freed when it returns, but for those it keeps. */
  readonly visit: (site: Site) => void;
}

/**
 * Carries the cotangents of a layer's output to its input, inside a tidy scope; undefined when nothing before it is
 * trainable. The cotangents it is given stay their owner's.
 */
export type Back = (cotangent: tf.Tensor, walk: Walk) => tf.Tensor | undefined;

/** What a layer made of its input, and the way back through it. */
export interface Step {
  readonly output: tf.Tensor;
  readonly back: Back;
}
