import * as tf from "@tensorflow/tfjs-core";
import type { ParameterLayout, TensorSlot } from "../network/layout.js";
import { transposedPatches } from "./patches.js";
import type { Site } from "./tape.js";

/** The columns of J that belong to a site: its trainable tensors lie side by side in the layout. */
export interface Columns {
  readonly offset: number;
  readonly size: number;
  /** Kernel or gamma. */
  readonly first: TensorSlot;
  /** Bias or beta. */
  readonly second: TensorSlot | undefined;
}

export function columnsOf(site: Site, layout: ParameterLayout): Columns {
  const { name } = site.layer.layer;
  const [first, second] = layout.tensors.filter((slot) => slot.trainable && slot.name.startsWith(`${name}/`));
  if (first === undefined) throw new Error(`no trainable tensor of layer ${name}`);
  return { offset: first.offset, size: first.size + (second?.size ?? 0), first, second };
}

/** Where rows go: entry (row, column) at values[row · stride + column]. */
export interface RowTarget {
  readonly values: Float32Array;
  readonly stride: number;
  readonly firstRow: number;
  readonly firstColumn: number;
}

/**
 * Writes the per-example rows of J that belong to one site (paper §1; rows i · copies + k).
 * Dense: a ⊗ δ. Convolution: patchesᵀ δ, one product an example for all its cotangents.
 * Normalisation: Σ over positions of x̂ δ (gamma) and of δ (beta).
 */
export function writeRows(site: Site, copies: number, target: RowTarget): void {
  switch (site.kind) {
    case "dense":
      writeDenseRows(site, copies, target);
      break;
    case "convolution":
      writeConvolutionRows(site, copies, target);
      break;
    case "normalization":
      writeNormalizationRows(site, copies, target);
      break;
  }
}

type SiteOf<Kind extends Site["kind"]> = Extract<Site, { kind: Kind }>;

function writeDenseRows(site: SiteOf<"dense">, copies: number, target: RowTarget): void {
  const inputs = site.layer.input[0]!;
  const outputs = site.layer.output[0]!;
  const input = site.input.dataSync<"float32">();
  const cotangent = site.cotangent.dataSync<"float32">();
  const useBias = site.layer.layer.useBias ?? true;
  const rows = site.cotangent.shape[0];
  for (let row = 0; row < rows; row++) {
    const example = Math.floor(row / copies) * inputs;
    const from = row * outputs;
    let place = (target.firstRow + row) * target.stride + target.firstColumn;
    for (let a = 0; a < inputs; a++) {
      const factor = input[example + a]!;
      for (let b = 0; b < outputs; b++) target.values[place++] = factor * cotangent[from + b]!;
    }
    if (useBias) for (let b = 0; b < outputs; b++) target.values[place++] = cotangent[from + b]!;
  }
}

function writeConvolutionRows(site: SiteOf<"convolution">, copies: number, target: RowTarget): void {
  const { layer } = site;
  const filters = layer.output[2]!;
  const positions = layer.output[0]! * layer.output[1]!;
  const n = site.input.shape[0];
  const patchSize = layer.window.size[0] * layer.window.size[1] * layer.input[2]!;
  const images = site.input.dataSync<"float32">();
  const wide = tf.tidy(() =>
    tf.transpose(tf.reshape(site.cotangent, [n, copies, positions, filters]), [0, 2, 1, 3]),
  );
  const useBias = layer.layer.useBias ?? true;
  const ones = useBias ? tf.ones([1, positions]) : undefined;
  const width = copies * filters;
  for (let i = 0; i < n; i++) {
    const product = tf.tidy(() => {
      const patches = tf.tensor2d(transposedPatches(layer, images, i, 1), [patchSize, positions]);
      const cotangents = tf.reshape(tf.slice(wide, [i, 0, 0, 0], [1, positions, copies, filters]), [
        positions,
        width,
      ]) as tf.Tensor2D;
      const kernel = tf.matMul(patches, cotangents);
      return ones === undefined ? kernel : tf.concat([kernel, tf.matMul(ones, cotangents)], 0);
    });
    const values = product.dataSync<"float32">();
    product.dispose();
    const lines = patchSize + (useBias ? 1 : 0);
    for (let copy = 0; copy < copies; copy++) {
      const start = (target.firstRow + i * copies + copy) * target.stride + target.firstColumn;
      for (let line = 0; line < lines; line++) {
        const from = line * width + copy * filters;
        const to = start + line * filters;
        for (let filter = 0; filter < filters; filter++) target.values[to + filter] = values[from + filter]!;
      }
    }
  }
  wide.dispose();
  ones?.dispose();
}

function writeNormalizationRows(site: SiteOf<"normalization">, copies: number, target: RowTarget): void {
  const [rows, positions, channels] = site.cotangent.shape;
  const input = site.input.dataSync<"float32">();
  const cotangent = site.cotangent.dataSync<"float32">();
  const gamma = new Float64Array(channels);
  const beta = new Float64Array(channels);
  for (let row = 0; row < rows; row++) {
    gamma.fill(0);
    beta.fill(0);
    const example = Math.floor(row / copies) * positions * channels;
    const from = row * positions * channels;
    for (let position = 0; position < positions * channels; position += channels) {
      for (let channel = 0; channel < channels; channel++) {
        const value = cotangent[from + position + channel]!;
        gamma[channel] = gamma[channel]! + value * input[example + position + channel]!;
        beta[channel] = beta[channel]! + value;
      }
    }
    const place = (target.firstRow + row) * target.stride + target.firstColumn;
    target.values.set(gamma, place);
    target.values.set(beta, place + channels);
  }
}

/** ‖row‖² of a dense site's part of each row: (‖a‖² + 1 with a bias) ‖δ‖², float64. Adds to `sums`. */
export function addDenseNorms(
  site: SiteOf<"dense">,
  copies: number,
  sums: Float64Array,
  first: number,
): void {
  const inputs = site.layer.input[0]!;
  const outputs = site.layer.output[0]!;
  const input = site.input.dataSync<"float32">();
  const cotangent = site.cotangent.dataSync<"float32">();
  const bias = (site.layer.layer.useBias ?? true) ? 1 : 0;
  for (let i = 0; i < site.input.shape[0]; i++) {
    const feature = squaredNorm(input, i * inputs, inputs) + bias;
    for (let row = i * copies; row < (i + 1) * copies; row++) {
      sums[first + row] = sums[first + row]! + feature * squaredNorm(cotangent, row * outputs, outputs);
    }
  }
}

/** Σ x² of a stretch of float32 values, in float64. */
export function squaredNorm(values: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let index = start; index < start + length; index++) sum += values[index]! * values[index]!;
  return sum;
}

/** The gradient of a sum over the batch: what `writeRows` gives with one cotangent an example, added up. */
export function gradients(site: Site): { readonly first: tf.Tensor; readonly second: tf.Tensor | undefined } {
  switch (site.kind) {
    case "dense":
      return {
        first: tf.matMul(tf.transpose(site.input), site.cotangent),
        second: (site.layer.layer.useBias ?? true) ? tf.sum(site.cotangent, 0) : undefined,
      };
    case "convolution":
      return convolutionGradients(site);
    case "normalization": {
      const channels = site.cotangent.shape[2];
      const cotangent = tf.reshape(site.cotangent, [-1, channels]);
      return {
        first: tf.sum(tf.mul(cotangent, tf.reshape(site.input, [-1, channels])), 0),
        second: tf.sum(cotangent, 0),
      };
    }
  }
}

/** Patches of so many values are made at once: 4 MB. */
const patchValues = 1_000_000;

function convolutionGradients(site: SiteOf<"convolution">) {
  const { layer } = site;
  const filters = layer.output[2]!;
  const positions = layer.output[0]! * layer.output[1]!;
  const patchSize = layer.window.size[0] * layer.window.size[1] * layer.input[2]!;
  const n = site.input.shape[0];
  const images = site.input.dataSync<"float32">();
  const cotangent = tf.reshape(site.cotangent, [n * positions, filters]) as tf.Tensor2D;
  const together = Math.max(1, Math.floor(patchValues / (patchSize * positions)));
  let sum: tf.Tensor = tf.zeros([patchSize, filters]);
  for (let i = 0; i < n; i += together) {
    const count = Math.min(together, n - i);
    const before = sum;
    sum = tf.tidy(() => {
      const patches = tf.tensor2d(transposedPatches(layer, images, i, count), [patchSize, count * positions]);
      const rows = tf.slice(cotangent, [i * positions, 0], [count * positions, filters]);
      return tf.add(before, tf.matMul(patches, rows));
    });
    before.dispose();
  }
  return {
    first: tf.reshape(sum, [...layer.window.size, layer.input[2]!, filters]),
    second: (layer.layer.useBias ?? true) ? tf.sum(cotangent, 0) : undefined,
  };
}
