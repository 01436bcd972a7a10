/** Rates are over the last five seconds, in samples of a half. */
const span = 5000;
const apart = 500;

/** How fast a count grows. */
export class Pace {
  readonly #now: () => number;
  #samples: { readonly time: number; readonly count: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes the count as it is now; a second's growth over the last seconds in two digits, 0 before two samples. */
  at(count: number): number {
    const time = this.#now();
    const last = this.#samples.at(-1);
    // A count that falls is another one: the next Jacobian's, the next pass.
    if (last !== undefined && count < last.count) this.#samples = [];
    if (last === undefined || this.#samples.length === 0 || time - last.time >= apart) {
      this.#samples.push({ time, count });
    }
    while (this.#samples.length > 2 && time - this.#samples[0].time > span) this.#samples.shift();
    const [first] = this.#samples;
    const rate = time > first.time ? (1000 * (count - first.count)) / (time - first.time) : 0;
    return Number(rate.toPrecision(2));
  }
}
