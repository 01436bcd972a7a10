import type { RecordBatch } from "apache-arrow";
import { angles, parametersTable, spectrum } from "jacoflow";
import type { Value } from "./event.js";
import { histogramOf } from "./histogram.js";

/** Values of one step of one TensorBoard run, which is named by a path below the input's folder. */
export interface Point {
  readonly run: string;
  readonly step: bigint;
  readonly values: readonly Value[];
}

/** The histograms in the batches of one input. `last` gives those that waited for rows of a next batch. */
export interface HistogramReader {
  read(batch: RecordBatch): readonly Point[];
  last(): readonly Point[];
}

/** A value that a histogram of this tag, run and step counts. */
interface Counted {
  readonly tag: string;
  readonly run: string;
  readonly step: bigint;
  readonly value: number;
}

/** Makes a histogram of neighbouring rows of the same run and step, when the next ones begin: a batch may end between them. */
function neighbours(rows: (batch: RecordBatch) => Iterable<Counted>): HistogramReader {
  let first: Counted | undefined;
  let values: number[] = [];
  const finish = (): readonly Point[] => {
    if (first === undefined) return [];
    const { run, step, tag } = first;
    const points = [{ run, step, values: histogramValue(tag, values) }];
    first = undefined;
    values = [];
    return points;
  };
  return {
    read: (batch) => {
      const points: Point[] = [];
      for (const row of rows(batch)) {
        if (row.run !== first?.run || row.step !== first.step) points.push(...finish());
        first ??= row;
        values.push(row.value);
      }
      return points;
    },
    last: finish,
  };
}

/** The listed singular values of each Jacobian. */
export const spectrumHistograms = (): HistogramReader =>
  neighbours(function* (batch) {
    const { length, jacobian_step, split, singular_value } = spectrum.read(batch);
    for (let row = 0; row < length; row += 1) {
      const value = singular_value[row];
      yield { tag: "singular_values", run: split[row], step: jacobian_step[row], value };
    }
  });

/** The cosines of the principal angles from one Jacobian to each later one. */
export const angleHistograms = (): HistogramReader =>
  neighbours(function* (batch) {
    const { length, jacobian_step, other_step, split, cosine } = angles.read(batch);
    for (let row = 0; row < length; row += 1) {
      const run = `${split[row]}/jacobian-${jacobian_step[row]}`;
      yield { tag: "cosines", run, step: other_step[row], value: cosine[row] };
    }
  });

/** A histogram and the norm of every tensor. */
export function parameterHistograms(): HistogramReader {
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
    last: () => [],
  };
}

/** Tables whose curves are all there is to draw. */
export const noHistograms = (): HistogramReader => ({ read: () => [], last: () => [] });

function histogramValue(tag: string, values: ArrayLike<number>): readonly Value[] {
  const histogram = histogramOf(values);
  return histogram === undefined ? [] : [{ tag, histogram }];
}
