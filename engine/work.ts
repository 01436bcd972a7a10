import type { EngineRates } from "./engine.js";

/** Arithmetic, and how long it takes at an engine's rates: good for comparing ways, not for clocks. */
export interface Work {
  /** A multiply-add counts as two. */
  readonly flops: number;
  readonly seconds: number;
}

/** Operations at so many a second. */
export function workAt(rate: number, flops: number): Work {
  return { flops, seconds: flops / rate };
}

export function workOf(...parts: readonly Work[]): Work {
  return parts.reduce(
    (sum, { flops, seconds }) => ({ flops: sum.flops + flops, seconds: sum.seconds + seconds }),
    { flops: 0, seconds: 0 },
  );
}

export function times(count: number, { flops, seconds }: Work): Work {
  return { flops: count * flops, seconds: count * seconds };
}

/**
 * For the `count` largest pairs of a symmetric matrix: the engines reduce it whole, or, when few of many are wanted, take
 * about 14 blocks of block Lanczos and look at the projected problem five times on the way.
 */
export function eigenWork({ algebra, reduction }: EngineRates, size: number, count: number): Work {
  const whole = reducing(size, reduction);
  const width = count + 16;
  if (size < 1000 || 8 * width > size) return whole;
  const few = workOf(workAt(algebra, 84 * size ** 2 * width), times(4000, reducing(width, reduction)));
  return few.seconds < whole.seconds ? few : whole;
}

/** `rate` is n³ a second; the operations are 4/3 n³. */
function reducing(size: number, rate: number): Work {
  return { flops: (4 / 3) * size ** 3, seconds: size ** 3 / rate };
}
