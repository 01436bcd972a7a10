import { Type } from "typebox";
import { dataErrors } from "../../schemas/errors/data.js";

const perChannel = (description: string, limits: { readonly exclusiveMinimum?: number }) =>
  Type.Union([Type.Number(limits), Type.Array(Type.Number(limits), { minItems: 1 })], { description });

/** The option `standardise` of the image stages. */
export const standardiseOption = Type.Union(
  [
    Type.Literal("none"),
    Type.Literal("per-example"),
    Type.Literal("unit-norm"),
    Type.Object(
      {
        mean: perChannel("subtracted; one number, or one a channel", {}),
        deviation: perChannel("divides what is left; one number, or one a channel", { exclusiveMinimum: 0 }),
      },
      { additionalProperties: false },
    ),
  ],
  {
    default: "none",
    description:
      "what is done to the pixels after dividing them by 255: none; per-example (every image minus its mean, divided by its standard deviation); unit-norm (every image divided by its Euclidean norm); or { mean, deviation }",
  },
);

export type Standardisation =
  | "none"
  | "per-example"
  | "unit-norm"
  | { readonly mean: number | readonly number[]; readonly deviation: number | readonly number[] };

/** Writes one standardised example, channels last, from its pixels (0 … 255) into `target` of the same length. */
export type Standardiser = (pixels: Uint8Array, target: Float32Array) => void;

/**
 * With x = pixel / 255, in float64 and rounded to float32 once:
 * `none` x; `per-example` (x − m) / s with m the mean and s = (mean of (x − m)²)^½ over all pixels and channels of the
 * image, 0 where s = 0; `unit-norm` x / ‖x‖, 0 where ‖x‖ = 0; `{ mean, deviation }` (x − mean_c) / deviation_c.
 */
export function standardiser(kind: Standardisation, channels: number): Standardiser {
  if (typeof kind === "object") {
    const spread = (value: number | readonly number[]) =>
      typeof value === "number" ? new Array<number>(channels).fill(value) : value;
    const means = spread(kind.mean);
    const deviations = spread(kind.deviation);
    return (pixels, target) => {
      for (let index = 0; index < pixels.length; index += 1) {
        const channel = index % channels;
        target[index] = (pixels[index] / 255 - means[channel]) / deviations[channel];
      }
    };
  }
  switch (kind) {
    case "none":
      return (pixels, target) => scale(pixels, target, 0, 1 / 255);
    case "per-example":
      return (pixels, target) => {
        const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
        let squares = 0;
        for (const pixel of pixels) squares += (pixel - mean) ** 2;
        scale(pixels, target, mean, squares === 0 ? 0 : 1 / Math.sqrt(squares / pixels.length));
      };
    case "unit-norm":
      return (pixels, target) => {
        const squares = pixels.reduce((sum, pixel) => sum + pixel ** 2, 0);
        scale(pixels, target, 0, squares === 0 ? 0 : 1 / Math.sqrt(squares));
      };
  }
}

function scale(pixels: Uint8Array, target: Float32Array, offset: number, factor: number): void {
  for (let index = 0; index < pixels.length; index += 1) target[index] = (pixels[index] - offset) * factor;
}

/** `{ mean, deviation }` given a channel must fit the channels of the images: OPTION_VALUE otherwise. `place` is the option's. */
export function checkChannels(standardise: Standardisation, channels: number, place: string): void {
  if (typeof standardise !== "object") return;
  for (const [name, value] of Object.entries(standardise)) {
    if (Array.isArray(value) && value.length !== channels) {
      throw dataErrors.option(
        `${place}.${name}`,
        `${name} has ${value.length} numbers, the images have ${channels === 1 ? "1 channel" : `${channels} channels`}`,
        "Give one number, or one a channel.",
        value,
      );
    }
  }
}
