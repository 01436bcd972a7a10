/** What TensorBoard draws of many values: how many lie in each bucket (above the one before, up to its limit). */
export interface Histogram {
  readonly smallest: number;
  readonly largest: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** Neighbouring limits differ by a tenth, as in TensorFlow's own histograms. */
const growth = 1.1;
/** What is nearer to 0 shares one bucket with 0. */
const nearZero = 1e-12;

/** The bucket of a value: 0 holds 0, the one after it starts at 1e-12; those of negative values mirror them. */
function bucketOf(value: number): number {
  const size = Math.abs(value);
  if (size <= nearZero) return 0;
  // The logarithm may be off by a rounding where a limit is met, so the limit itself decides.
  let bucket = Math.max(1, Math.ceil((Math.log(size) - Math.log(nearZero)) / Math.log(growth)));
  while (limitOf(bucket) < size) bucket += 1;
  while (bucket > 1 && limitOf(bucket - 1) >= size) bucket -= 1;
  return value > 0 ? bucket : -bucket;
}

/** Upper limit of a bucket; the limit of a negative one is the end nearer to 0. The last bucket ends with the numbers. */
function limitOf(bucket: number): number {
  const limit = nearZero * growth ** (bucket >= 0 ? bucket : -bucket - 1);
  return Math.min(limit, Number.MAX_VALUE) * (bucket >= 0 ? 1 : -1);
}

/** Counts the finite ones of values that are given some at a time. Sums are in float64. */
export class HistogramCount {
  readonly #found = new Map<number, number>();
  #smallest = Infinity;
  #largest = -Infinity;
  #count = 0;
  #sum = 0;
  #sumOfSquares = 0;

  add(values: ArrayLike<number>): this {
    for (let at = 0; at < values.length; at += 1) {
      const value = values[at];
      if (!Number.isFinite(value)) continue;
      const bucket = bucketOf(value);
      this.#found.set(bucket, (this.#found.get(bucket) ?? 0) + 1);
      this.#smallest = Math.min(this.#smallest, value);
      this.#largest = Math.max(this.#largest, value);
      this.#count += 1;
      this.#sum += value;
      this.#sumOfSquares += value * value;
    }
    return this;
  }

  /** Undefined when there were none. */
  histogram(): Histogram | undefined {
    if (this.#count === 0) return undefined;
    const buckets = [...this.#found.keys()].sort((left, right) => left - right);
    const limits: number[] = [];
    const counts: number[] = [];
    for (const bucket of buckets) {
      // An empty bucket below a filled one that does not touch it: readers take a bucket to start at the last limit.
      const lower = limitOf(bucket - 1);
      if (limits.length > 0 && limits.at(-1)! < lower) {
        limits.push(lower);
        counts.push(0);
      }
      limits.push(limitOf(bucket));
      counts.push(this.#found.get(bucket)!);
    }
    return {
      ...{ smallest: this.#smallest, largest: this.#largest },
      ...{ count: this.#count, sum: this.#sum, sumOfSquares: this.#sumOfSquares },
      ...{ limits, counts },
    };
  }
}
