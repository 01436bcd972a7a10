import type { Split } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";

/** Which examples of a source are used. */
export interface Selection {
  /** Positions in the source, ascending. */
  readonly positions: Int32Array;
  /** Their classes 0 … K − 1: the place of the source's label in `classes`. */
  readonly labels: Int32Array;
}

/**
 * The first examples of the classes: all of them without `count`, else ⌊count / K⌋ of each class and one more of the
 * first count mod K classes, the first ones of each in the order of the source. Labels outside `classes` are passed
 * over. TOO_FEW_EXAMPLES when a class has not so many, or none at all.
 *
 * @param labels one a source position. @param place of the option, for messages.
 */
export function selectExamples(
  labels: ArrayLike<number>,
  classes: readonly number[],
  count: number | undefined,
  split: Split,
  place: string,
): Selection {
  const classOf = new Map(classes.map((label, index) => [label, index]));
  const quotas = classes.map((_, index) =>
    count === undefined
      ? Number.POSITIVE_INFINITY
      : Math.floor(count / classes.length) + (index < count % classes.length ? 1 : 0),
  );
  const taken = classes.map(() => 0);
  const positions: number[] = [];
  const relabelled: number[] = [];
  for (let position = 0; position < labels.length; position += 1) {
    const index = classOf.get(labels[position]);
    if (index === undefined || taken[index] === quotas[index]) continue;
    taken[index] += 1;
    positions.push(position);
    relabelled.push(index);
  }
  classes.forEach((label, index) => {
    const wanted = count === undefined ? 1 : quotas[index];
    if (taken[index] < wanted) throw dataErrors.tooFewExamples(split, label, taken[index], wanted, place);
  });
  return { positions: Int32Array.from(positions), labels: Int32Array.from(relabelled) };
}

/**
 * The classes of a source whose labels are 0 … K − 1 and all occur. LABEL_OUT_OF_RANGE otherwise (NO_EXAMPLES without
 * any): a label far off is more
 * likely damage than a class, so other labels must be named by the option `classes`.
 */
export function allClasses(labels: ArrayLike<number>, source: string): readonly number[] {
  const seen = new Set<number>();
  for (let position = 0; position < labels.length; position += 1) seen.add(labels[position]);
  if (seen.size === 0) throw dataErrors.noExamples(source);
  const classes = [...seen].sort((left, right) => left - right);
  if (classes.some((label, index) => label !== index)) {
    const outside = Array.from(labels).findIndex((label) => label >= classes.length);
    throw dataErrors.labelGap(source, classes, outside);
  }
  return classes;
}
