import { randomSource } from "../../engine/random.js";

/**
 * The batches of one epoch: a permutation of 0 … n − 1 that depends on the seed and the epoch's number alone, cut into
 * pieces of `size`, the last one smaller where `size` does not divide n. `full` is one batch of all in order.
 */
export function epochBatches(
  n: number,
  size: number | "full",
  seed: string,
  epoch: number,
): readonly Int32Array[] {
  if (size === "full") return [Int32Array.from({ length: n }, (_, index) => index)];
  const order = randomSource(`${seed}/${epoch}`).permutation(n);
  return Array.from({ length: Math.ceil(n / size) }, (_, batch) =>
    order.slice(batch * size, Math.min(n, (batch + 1) * size)),
  );
}
