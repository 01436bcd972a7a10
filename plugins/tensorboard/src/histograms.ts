import { setImmediate } from "node:timers/promises";
import type { RecordBatch } from "apache-arrow";
import { angles, parametersTable, spectrum } from "jacoflow";
import type { Value } from "./event.js";
import { HistogramCount } from "./histogram.js";

/** Values of a tensor that are counted between two turns of the event loop. */
const valuesPerSlice = 65_536;

/** Values of one step of one TensorBoard run, which is named by a path below the input's folder. */
export interface Point {
  readonly run: string;
  readonly step: bigint;
  readonly values: readonly Value[];
}

/** The histograms in the batches of one input. `last` gives those that waited for rows of a next batch. */
export interface HistogramReader {
  read(batch: RecordBatch): readonly Point[] | Promise<readonly Point[]>;
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
    const points = [{ run, step, values: valuesOf(tag, new HistogramCount().add(values)) }];
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
    read: async (batch) => {
      const { length, step, tensor, values } = table.read(batch);
      const points: Point[] = [];
      for (let row = 0; row < length; row += 1) {
        const own = values.values.subarray(values.offsets[row], values.offsets[row + 1]);
        points.push({ run: "tensors", step: step[row], values: await tensorValues(tensor[row], own) });
      }
      return points;
    },
    last: () => [],
  };
}

/** Tables whose curves are all there is to draw. */
export const noHistograms = (): HistogramReader => ({ read: () => [], last: () => [] });

async function tensorValues(tensor: string, values: Float32Array): Promise<readonly Value[]> {
  const count = new HistogramCount();
  let sumOfSquares = 0;
  for (let at = 0; at < values.length; at += valuesPerSlice) {
    const slice = values.subarray(at, at + valuesPerSlice);
    count.add(slice);
    for (const value of slice) sumOfSquares += value * value;
    await setImmediate();
  }
  return [...valuesOf(tensor, count), { tag: `norm/${tensor}`, scalar: Math.sqrt(sumOfSquares) }];
}

function valuesOf(tag: string, count: HistogramCount): readonly Value[] {
  const histogram = count.histogram();
  return histogram === undefined ? [] : [{ tag, histogram }];
}
