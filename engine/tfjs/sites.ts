import type * as tf from "@tensorflow/tfjs-core";
import type { ParameterLayout } from "../network/layout.js";
import type { ShapedConvolution, ShapedDense, ShapedLayer, ShapedNormalization } from "../network/shapes.js";

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
