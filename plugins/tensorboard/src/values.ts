import type { RecordBatch } from "apache-arrow";
import { angles, metrics, parametersTable, projection, spectrum } from "jacoflow";
import type { Value } from "./event.js";
import { histogramOf } from "./histogram.js";

/** Values of one step of one TensorBoard run, which is named by a path below the input's folder. */
export interface Point {
  readonly run: string;
  readonly step: bigint;
  readonly values: readonly Value[];
}

/** Turns the batches of a table into points. `last` gives those that waited for a next batch. */
export interface Reader {
  read(batch: RecordBatch): readonly Point[];
  last(): readonly Point[];
}

const nothing = (): readonly Point[] => [];

/** One scalar a row, under its name. */
export function metricsReader(): Reader {
  return {
    read: (batch) => {
      const { length, step, split, name, value } = metrics.read(batch);
      return Array.from({ length }, (_, row) => ({
        ...{ run: split[row], step: step[row] },
        values: [{ tag: name[row], scalar: value[row] }],
      }));
    },
    last: nothing,
  };
}

/** Norm ratios of labels at the step of their Jacobian; those of residuals over the steps, in a run for each Jacobian. */
export function projectionReader(): Reader {
  const columns = [
    "information_ratio",
    "nuisance_ratio",
    "information_energy",
    "pseudo_inverse_norm",
  ] as const;
  return {
    read: (batch) => {
      const table = projection.read(batch);
      return Array.from({ length: table.length }, (_, row) => {
        const [split, target, jacobian] = [table.split[row], table.target[row], table.jacobian_step[row]];
        return {
          run: target === "residual" ? `${split}/jacobian-${jacobian}` : split,
          step: table.step[row],
          values: columns.map((column) => ({ tag: `${target}/${column}`, scalar: table[column][row] })),
        };
      });
    },
    last: nothing,
  };
}

/** Values that belong together although a batch may end between them. */
interface Group {
  readonly run: string;
  readonly step: bigint;
  readonly values: number[];
}

/** Gathers neighbouring rows of the same run and step, and makes a point of them when the next group begins. */
function grouped(
  rows: (
    batch: RecordBatch,
  ) => Iterable<{ readonly run: string; readonly step: bigint; readonly value: number }>,
  point: (values: readonly number[]) => readonly Value[],
): Reader {
  let group: Group | undefined;
  const finished = ({ run, step, values }: Group): Point => ({ run, step, values: point(values) });
  return {
    read: (batch) => {
      const points: Point[] = [];
      for (const { run, step, value } of rows(batch)) {
        if (group !== undefined && (group.run !== run || group.step !== step)) {
          points.push(finished(group));
          group = undefined;
        }
        group ??= { run, step, values: [] };
        group.values.push(value);
      }
      return points;
    },
    last: () => {
      const points = group === undefined ? [] : [finished(group)];
      group = undefined;
      return points;
    },
  };
}

/** A histogram of the listed singular values, and curves of those with the indices 1, 2, 5, 10, 20, 50, … */
export function spectrumReader(): Reader {
  return grouped(
    function* (batch) {
      const { length, jacobian_step, split, singular_value } = spectrum.read(batch);
      for (let row = 0; row < length; row += 1) {
        yield { run: split[row], step: jacobian_step[row], value: singular_value[row] };
      }
    },
    (values) => [
      ...histogramValue("singular_values", values),
      ...values.flatMap((scalar, at) =>
        isRound(at + 1) ? [{ tag: `singular_value/${at + 1}`, scalar }] : [],
      ),
    ],
  );
}

/** Cosines of the principal angles towards each Jacobian: a histogram, and the mean of their squares. */
export function anglesReader(): Reader {
  return grouped(
    function* (batch) {
      const { length, jacobian_step, other_step, split, cosine } = angles.read(batch);
      for (let row = 0; row < length; row += 1) {
        const run = `${split[row]}/jacobian-${jacobian_step[row]}`;
        yield { run, step: other_step[row], value: cosine[row] };
      }
    },
    (values) => [
      ...histogramValue("cosines", values),
      {
        tag: "mean_squared_cosine",
        scalar: values.reduce((sum, value) => sum + value * value, 0) / values.length,
      },
    ],
  );
}

/** A histogram and the norm of every tensor. */
export function parametersReader(): Reader {
  const table = parametersTable({});
  return {
    read: (batch) => {
      const { length, step, tensor, values } = table.read(batch);
      return Array.from({ length }, (_, row) => {
        const own = values.values.subarray(values.offsets[row], values.offsets[row + 1]);
        const scalar = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
        return {
          ...{ run: "tensors", step: step[row] },
          values: [...histogramValue(tensor[row], own), { tag: `norm/${tensor[row]}`, scalar }],
        };
      });
    },
    last: nothing,
  };
}

function histogramValue(tag: string, values: ArrayLike<number>): readonly Value[] {
  const histogram = histogramOf(values);
  return histogram === undefined ? [] : [{ tag, histogram }];
}

/** 1, 2, 5, 10, 20, 50, … */
function isRound(index: number): boolean {
  const digit = index / 10 ** Math.floor(Math.log10(index));
  return [1, 2, 5].includes(digit);
}
