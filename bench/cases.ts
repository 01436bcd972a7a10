import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Matrix, Model } from "../engine/engine.js";
import { expandArchitecture } from "../engine/network/architectures.js";
import { initialParameters } from "../engine/network/initialisation.js";
import { parameterLayout } from "../engine/network/layout.js";
import type { Network } from "../engine/network/network.js";
import { writeSafetensors } from "../engine/network/safetensors.js";
import { tensorsFrom } from "../engine/network/weights.js";
import { randomSource } from "../engine/random.js";

/** A network with weights and examples: the same files for every side. */
export interface Case {
  readonly name: string;
  readonly network: Network;
  readonly outputs: number;
  readonly parameters: Float32Array;
  /** n × d, NHWC. */
  readonly features: Matrix;
  readonly labels: Int32Array;
}

export type Images = (classes: number, count: number) => Pick<Case, "features" | "labels">;

/** ResNet20 without normalisation and with its output scaled down, as the paper has it, at Glorot's initialisation. */
export function resnet20(images: Images, outputs: number, count: number): Case {
  const network = expandArchitecture("resnet20", { input: [32, 32, 3], outputs, norm: "none" });
  const { normal } = randomSource("bench resnet20");
  const parameters = initialParameters(network, { initialisation: "glorot", outputScale: 0.1, normal });
  return { name: `resnet20-${outputs}`, network, outputs, parameters, ...images(outputs, count) };
}

/** MLP 784-512-512-10 on standard normal examples: a sweep's work does not depend on what they show. */
export function mlp(hidden: readonly number[], width: number, outputs: number, count: number): Case {
  const network = expandArchitecture("mlp", {
    input: [width],
    outputs,
    hidden: [...hidden],
    activation: "relu",
  });
  const { normal } = randomSource("bench mlp");
  const parameters = initialParameters(network, { initialisation: "he", normal });
  const values = Float32Array.from({ length: count * width }, () => normal());
  const labels = Int32Array.from({ length: count }, (_, index) => index % outputs);
  return {
    name: `mlp-${[width, ...hidden, outputs].join("-")}`,
    network,
    outputs,
    parameters,
    features: { rows: count, columns: width, values },
    labels,
  };
}

export function firstExamples({ features }: Pick<Case, "features">, count: number): Matrix {
  const { columns, values } = features;
  return { rows: count, columns, values: values.subarray(0, count * columns) };
}

/** Writes what a peer reads; resolves to the arguments of its `open`. */
export function writeCase(folder: string, one: Case): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  const files = {
    network: join(folder, `${one.name}.json`),
    weights: join(folder, `${one.name}.weights.safetensors`),
    examples: join(folder, `${one.name}.examples.safetensors`),
  };
  writeFileSync(files.network, JSON.stringify(one.network));
  writeFileSync(files.weights, writeSafetensors(tensorsFrom(parameterLayout(one.network), one.parameters)));
  const { rows, columns, values } = one.features;
  const labels = { name: "label", shape: [rows], values: one.labels };
  writeFileSync(files.examples, writeSafetensors([{ name: "x", shape: [rows, columns], values }, labels]));
  return { case: one.name, ...files };
}

export async function loaded(model: Promise<Model>, { parameters }: Case): Promise<Model> {
  const opened = await model;
  await opened.load(parameters);
  return opened;
}

const pixels = 32 * 32;
const recordBytes = 1 + 3 * pixels;

/**
 * Images of CIFAR-10 (the binary version's folder): the first of each of the first K classes in turn, every image minus
 * its mean over its deviation. Without a folder, images of K classes made up of smooth random fields.
 */
export function imageSource(folder: string | undefined): { readonly name: string; readonly images: Images } {
  if (folder === undefined)
    return { name: "made-up images (no CIFAR-10 folder given)", images: madeUpImages };
  const files = [1, 2, 3, 4, 5].map((part) => join(folder, `data_batch_${part}.bin`)).filter(existsSync);
  if (files.length === 0) throw new Error(`--cifar10 ${folder}: no data_batch_1.bin there`);
  return { name: "CIFAR-10", images: (classes, count) => cifarImages(files, classes, count) };
}

function cifarImages(
  files: readonly string[],
  classes: number,
  count: number,
): Pick<Case, "features" | "labels"> {
  const values = new Float32Array(count * 3 * pixels);
  const labels = new Int32Array(count);
  const taken = new Array<number>(classes).fill(0);
  let done = 0;
  for (const file of files) {
    const bytes = readFileSync(file);
    for (let from = 0; from + recordBytes <= bytes.length && done < count; from += recordBytes) {
      const label = bytes[from];
      if (label >= classes || taken[label] >= Math.ceil(count / classes)) continue;
      taken[label] += 1;
      labels[done] = label;
      const image = values.subarray(done * 3 * pixels, (done + 1) * 3 * pixels);
      for (let pixel = 0; pixel < pixels; pixel += 1) {
        for (let channel = 0; channel < 3; channel += 1) {
          image[pixel * 3 + channel] = bytes[from + 1 + channel * pixels + pixel];
        }
      }
      standardise(image);
      done += 1;
    }
  }
  if (done < count)
    throw new Error(`CIFAR-10 holds ${done} images of the first ${classes} classes, not ${count}`);
  return { features: { rows: count, columns: 3 * pixels, values }, labels };
}

function madeUpImages(classes: number, count: number): Pick<Case, "features" | "labels"> {
  const { normal } = randomSource("bench images");
  const waves = Array.from({ length: classes * 6 }, () => Array.from({ length: 5 }, () => 3 * normal()));
  const values = new Float32Array(count * 3 * pixels);
  const labels = Int32Array.from({ length: count }, (_, index) => index % classes);
  for (let index = 0; index < count; index += 1) {
    const image = values.subarray(index * 3 * pixels, (index + 1) * 3 * pixels);
    const own = waves
      .slice(labels[index] * 6, labels[index] * 6 + 6)
      .map((wave) => [...wave, normal(), normal()]);
    for (let at = 0; at < image.length; at += 1) {
      const x = (Math.floor(at / 3) % 32) / 32;
      const y = Math.floor(at / 96) / 32;
      const colour = at % 3;
      let sum = 0.3 * normal();
      for (const [u, v, phase, tint, strength, shift, size] of own) {
        sum += strength * (1 + 0.4 * size) * Math.sin(u * x + v * y + phase + 0.5 * shift + tint * colour);
      }
      image[at] = sum;
    }
    standardise(image);
  }
  return { features: { rows: count, columns: 3 * pixels, values }, labels };
}

function standardise(image: Float32Array): void {
  const mean = image.reduce((sum, value) => sum + value, 0) / image.length;
  const variance = image.reduce((sum, value) => sum + (value - mean) ** 2, 0) / image.length;
  const scale = variance > 0 ? 1 / Math.sqrt(variance) : 0;
  for (let index = 0; index < image.length; index += 1) image[index] = (image[index] - mean) * scale;
}
