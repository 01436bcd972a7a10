import type { RecordBatch } from "apache-arrow";
import type { Split } from "../../schemas/columns.js";
import { type MetricName, metrics } from "../../schemas/tables/metrics.js";

const names: readonly MetricName[] = ["loss", "error", "clean_error", "parameter_distance"];
const splits: readonly Split[] = ["train", "test"];
/** Rows of one evaluation: every name of both splits. */
const rowsPerStep = names.length * splits.length;

/** `count` rows of `metrics` in batches of `size`, as a training would send them; each batch is made when it is asked for. */
export function* metricBatches(count: number, size: number): Generator<RecordBatch> {
  for (let from = 0; from < count; from += size) {
    const rows = Math.min(size, count - from);
    const step = new BigInt64Array(rows);
    const epoch = new Float64Array(rows);
    const value = new Float64Array(rows);
    const split = new Array<Split>(rows);
    const name = new Array<MetricName>(rows);
    for (let row = 0; row < rows; row += 1) {
      const at = from + row;
      const steps = Math.floor(at / rowsPerStep);
      step[row] = BigInt(steps);
      epoch[row] = steps / 24;
      value[row] = 1 + Math.sin(at * 1.7) / (1 + steps);
      split[row] = splits[Math.floor(at / names.length) % splits.length];
      name[row] = names[at % names.length];
    }
    yield metrics.batch({ stage: "train", step, epoch, split, name, value }, rows);
  }
}
