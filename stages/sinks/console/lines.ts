import type { RecordBatch } from "apache-arrow";
import type { Source } from "../../../pipeline/stage.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { numberText } from "../numberText.js";
import { groupBy, rowsOf } from "../rows.js";

const moment = (epoch: number, step: number) => `epoch ${numberText(epoch)} (step ${step})`;

/** One line an evaluation: `train  epoch 2 (step 141)  train: loss 0.412, error 0.541 · test: error 0.132`. */
function metricsLines(batch: RecordBatch): readonly string[] {
  return [...groupBy(rowsOf(metrics, batch), (row) => `${row.stage} ${row.step}`).values()].map(
    (evaluation) => {
      const { stage, epoch, step } = evaluation[0];
      const parts = [...groupBy(evaluation, (row) => row.split).values()].map(
        (rows) => `${rows[0].split}: ${rows.map((row) => `${row.name} ${numberText(row.value)}`).join(", ")}`,
      );
      return `${stage}  ${moment(epoch, step)}  ${parts.join(" · ")}`;
    },
  );
}

/** One line a Jacobian: its largest singular values, the last one, and how many. */
function spectrumLines(batch: RecordBatch): readonly string[] {
  const keyOf = (row: { stage: string; jacobian_step: number; split: string }) =>
    `${row.stage} ${row.jacobian_step} ${row.split}`;
  return [...groupBy(rowsOf(spectrum, batch), keyOf).values()].map((rows) => {
    const { stage, epoch, jacobian_step, split, method } = rows[0];
    const values = rows.map((row) => numberText(row.singular_value));
    const shown = values.length > 6 ? [...values.slice(0, 4), "…", values[values.length - 1]] : values;
    const energy = rows.reduce((sum, row) => sum + row.energy_share, 0);
    return (
      `${stage}  ${moment(epoch, jacobian_step)}  ${split}: σ ${shown.join(" ")}` +
      ` (${rows.length} ${rows.length === 1 ? "value" : "values"}, ${numberText(energy)} of ‖J‖², ${method})`
    );
  });
}

/** One line a target: the norm ratios on both spaces beside a random space's. */
function projectionLines(batch: RecordBatch): readonly string[] {
  return rowsOf(projection, batch).map(
    (row) =>
      `${row.stage}  ${moment(row.epoch, row.step)}  ${row.split}: ${row.target} on J of step ${row.jacobian_step}:` +
      ` norm ratio ${numberText(row.information_ratio)} information, ${numberText(row.nuisance_ratio)} nuisance` +
      ` (rank ${row.rank}, random ${numberText(row.random_ratio)})`,
  );
}

/** What the console says about a batch: lines without line ends, none for a batch with no rows. */
export function consoleLines(origin: Source, batch: RecordBatch): readonly string[] {
  if (batch.numRows === 0) return [];
  switch (origin.table) {
    case "metrics":
      return metricsLines(batch);
    case "spectrum":
      return spectrumLines(batch);
    case "projection":
      return projectionLines(batch);
    default:
      return [`${origin.stage}  ${origin.table}: ${batch.numRows} ${batch.numRows === 1 ? "row" : "rows"}`];
  }
}
