import type { Padding } from "./network.js";

/** How a kernel or pool slides over an image: resolved sides, steps and padding. */
export interface Window {
  /** [height, width] of the kernel or pool. */
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  /** Zeros above and to the left. */
  readonly before: readonly [number, number];
  /** Zeros below and to the right. */
  readonly after: readonly [number, number];
  /** [height, width] of the result; 0 or less when the window does not fit. */
  readonly output: readonly [number, number];
}

/**
 * Padding arithmetic. `same` is TensorFlow's: ceil(in / stride) results, the odd zero below and to the right.
 * `valid` pads nothing; a number pads both sides of both axes by as much.
 */
export function slidingWindow(
  image: readonly [number, number],
  size: number | readonly [number, number],
  strides: number | readonly [number, number],
  padding: Padding,
): Window {
  const sides = pair(size);
  const steps = pair(strides);
  const axes = [0, 1].map((axis) => slide(image[axis], sides[axis], steps[axis], padding));
  return {
    size: sides,
    strides: steps,
    before: [axes[0].before, axes[1].before],
    after: [axes[0].after, axes[1].after],
    output: [axes[0].output, axes[1].output],
  };
}

/** One number for both axes, or [height, width] as it is. */
export function pair(value: number | readonly [number, number]): readonly [number, number] {
  return typeof value === "number" ? [value, value] : value;
}

function slide(length: number, size: number, stride: number, padding: Padding) {
  if (padding === "same") {
    const output = Math.ceil(length / stride);
    const total = Math.max((output - 1) * stride + size - length, 0);
    const before = Math.floor(total / 2);
    return { before, after: total - before, output };
  }
  const zeros = padding === "valid" ? 0 : padding;
  return { before: zeros, after: zeros, output: Math.floor((length + 2 * zeros - size) / stride) + 1 };
}
