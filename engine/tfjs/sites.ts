import * as tf from "@tensorflow/tfjs-core";
import type { ParameterLayout } from "../network/layout.js";
import type { ShapedConvolution, ShapedDense, ShapedLayer, ShapedNormalization } from "../network/shapes.js";
import { transposedPatches } from "./patches.js";

/** A layer with parameters. */
export type WeightedLayer = ShapedDense | ShapedConvolution | ShapedNormalization;

/** Where trainable parameters act: what went in, n rows, and the cotangents of what came out, n · copies rows. */
export type Site =
  | {
      readonly kind: "dense";
      readonly layer: ShapedDense;
      readonly input: tf.Tensor2D;
      /** Of x W + b. */
      readonly cotangent: tf.Tensor2D;
    }
  | {
      readonly kind: "convolution";
      readonly layer: ShapedConvolution;
      readonly input: tf.Tensor4D;
      /** Of x ∗ W + b. */
      readonly cotangent: tf.Tensor4D;
    }
  | {
      readonly kind: "normalization";
      readonly layer: ShapedNormalization;
      /** (x − mean) / √(variance + ε), n × positions × C. */
      readonly input: tf.Tensor3D;
      /** Of the layer's output, n · copies × positions × C. */
      readonly cotangent: tf.Tensor3D;
    };

export type SiteOf<Kind extends Site["kind"]> = Extract<Site, { kind: Kind }>;

/** Whether a layer itself has parameters that belong to w. */
export function isTrainable(layer: ShapedLayer): layer is WeightedLayer {
  const weighted = layer.type === "dense" || layer.type === "conv2d" || layer.type === "batchNormalization";
  return weighted && layer.layer.trainable !== false;
}

/** The layers whose parameters belong to w, in layout order. */
export function trainableLayers(layers: readonly ShapedLayer[]): readonly WeightedLayer[] {
  return layers.flatMap((layer) => {
    if (layer.type === "residual") return trainableLayers([...layer.main, ...layer.shortcut]);
    return isTrainable(layer) ? [layer] : [];
  });
}

/** Whether a convolution or dense layer adds a bias. */
export function hasBias(layer: ShapedDense | ShapedConvolution): boolean {
  return layer.layer.useBias ?? true;
}

/** Neighbouring columns of J. */
export interface Columns {
  readonly offset: number;
  readonly size: number;
}

/** The columns of a trainable layer: kernel and bias, or gamma and beta, lie side by side in the layout. */
export function columnsOf(layer: WeightedLayer, layout: ParameterLayout): Columns {
  const parts = layer.type === "batchNormalization" ? ["gamma", "beta"] : ["kernel", "bias"];
  const names = parts.map((part) => `${layer.layer.name}/${part}`);
  const slots = layout.tensors.filter((slot) => names.includes(slot.name));
  return { offset: slots[0].offset, size: slots.reduce((sum, slot) => sum + slot.size, 0) };
}

/** Where rows go: entry (row, column) at values[(firstRow + row) · stride + firstColumn + column]. */
export interface RowTarget {
  readonly values: Float32Array;
  readonly stride: number;
  readonly firstRow: number;
  readonly firstColumn: number;
}

/**
 * Writes the per-example rows of J that belong to one site (paper §1; rows i · copies + k), kernel or gamma first.
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

function writeDenseRows(site: SiteOf<"dense">, copies: number, target: RowTarget): void {
  const [inputs] = site.layer.input;
  const [outputs] = site.layer.output;
  const input = site.input.dataSync<"float32">();
  const cotangent = site.cotangent.dataSync<"float32">();
  const bias = hasBias(site.layer);
  const rows = site.cotangent.shape[0];
  for (let row = 0; row < rows; row++) {
    const example = Math.floor(row / copies) * inputs;
    const from = row * outputs;
    let place = (target.firstRow + row) * target.stride + target.firstColumn;
    for (let a = 0; a < inputs; a++) {
      const factor = input[example + a];
      for (let b = 0; b < outputs; b++) target.values[place++] = factor * cotangent[from + b];
    }
    if (bias) for (let b = 0; b < outputs; b++) target.values[place++] = cotangent[from + b];
  }
}

function writeConvolutionRows(site: SiteOf<"convolution">, copies: number, target: RowTarget): void {
  const { layer } = site;
  const filters = layer.output[2];
  const positions = layer.output[0] * layer.output[1];
  const n = site.input.shape[0];
  const patchSize = layer.window.size[0] * layer.window.size[1] * layer.input[2];
  const images = site.input.dataSync<"float32">();
  const wide = tf.tidy(() =>
    tf.transpose(tf.reshape(site.cotangent, [n, copies, positions, filters]), [0, 2, 1, 3]),
  );
  const ones = hasBias(layer) ? tf.ones([1, positions]) : undefined;
  const lines = patchSize + (ones === undefined ? 0 : 1);
  const width = copies * filters;
  for (let i = 0; i < n; i++) {
    const product = tf.tidy(() => {
      const patches = tf.tensor2d(transposedPatches(layer, images, i), [patchSize, positions]);
      const own = tf.slice(wide, [i, 0, 0, 0], [1, positions, copies, filters]);
      const cotangents = tf.reshape(own, [positions, width]) as tf.Tensor2D;
      const kernel = tf.matMul(patches, cotangents);
      return ones === undefined ? kernel : tf.concat([kernel, tf.matMul(ones, cotangents)], 0);
    });
    const values = product.dataSync<"float32">();
    product.dispose();
    for (let copy = 0; copy < copies; copy++) {
      const start = (target.firstRow + i * copies + copy) * target.stride + target.firstColumn;
      for (let line = 0; line < lines; line++) {
        const from = line * width + copy * filters;
        const to = start + line * filters;
        for (let filter = 0; filter < filters; filter++) target.values[to + filter] = values[from + filter];
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
        const value = cotangent[from + position + channel];
        gamma[channel] += value * input[example + position + channel];
        beta[channel] += value;
      }
    }
    const place = (target.firstRow + row) * target.stride + target.firstColumn;
    target.values.set(gamma, place);
    target.values.set(beta, place + channels);
  }
}
