import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A stream of random numbers that depends on its seed alone: same seed, same numbers, on every platform. */
export interface RandomSource {
  /** Uniform on [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform on 0 … below − 1; `below` is a positive integer. */
  integer(below: number): number;
  /** A uniform permutation of 0 … length − 1 (Fisher–Yates). */
  permutation(length: number): Int32Array;
}

/**
 * A source whose state is the first 128 bits of SHA-256 of the seed, so that seeds that differ in one letter
 * (run seed, stage name, purpose: design §2) give unrelated streams. The generator is xoroshiro128+.
 */
export function randomSource(seed: string): RandomSource {
  const digest = createHash("sha256").update(seed, "utf8").digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((byte) => digest.readInt32LE(byte)));
  const uniform = () => uniformFloat64(generator);
  // Through the high bits of a float: the lowest bit of xoroshiro128+ is a weak linear recurrence.
  const integer = (below: number) => Math.floor(uniform() * below);
  let spare = Number.NaN;

  /** Marsaglia's polar method: two normals a pair of uniforms, the second kept for the next call. */
  function normal(): number {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    let x = 0;
    let y = 0;
    let squared = 0;
    do {
      x = 2 * uniform() - 1;
      y = 2 * uniform() - 1;
      squared = x * x + y * y;
    } while (squared >= 1 || squared === 0);
    const factor = Math.sqrt((-2 * Math.log(squared)) / squared);
    spare = y * factor;
    return x * factor;
  }

  function permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, index) => index);
    for (let last = length - 1; last > 0; last -= 1) {
      const other = integer(last + 1);
      const kept = order[last];
      order[last] = order[other];
      order[other] = kept;
    }
    return order;
  }

  return { uniform, normal, integer, permutation };
}
