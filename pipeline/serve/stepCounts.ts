import { stepOf } from "./rows.js";

/**
 * How many rows of each step a part has. A part that grows keeps its rows by step, those of one step in the order in which
 * they came: its new rows are, of each step, those beyond the ones that it had.
 */
export class StepCounts {
  readonly #counts = new Map<number, number>();

  static of(rows: readonly object[]): StepCounts {
    const counts = new StepCounts();
    for (const row of rows) counts.#add(stepOf(row));
    return counts;
  }

  /** The rows that came since, in their order; undefined if some that were there are gone. */
  after<Row extends object>(rows: readonly Row[]): readonly Row[] | undefined {
    const seen = new StepCounts();
    const fresh = rows.filter((row) => {
      const step = stepOf(row);
      return seen.#add(step) > (this.#counts.get(step) ?? 0);
    });
    const gone = [...this.#counts].some(([step, count]) => (seen.#counts.get(step) ?? 0) < count);
    return gone ? undefined : fresh;
  }

  /** Counts one more, and returns how many there are now. */
  #add(step: number): number {
    const count = (this.#counts.get(step) ?? 0) + 1;
    this.#counts.set(step, count);
    return count;
  }
}
