import type { RecordBatch } from "apache-arrow";
import type { Split } from "../../schemas/columns.js";
import { tableNameOf } from "../../schemas/table.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { angles, projection } from "../../schemas/tables/projection.js";
import { spectrum } from "../../schemas/tables/spectrum.js";

/** One point of one curve over the steps of a run, as trackers of experiments draw them. */
export interface CurvePoint {
  /** What is drawn: words with slashes between, such as `error`, `label/information_ratio` or `singular_value/10`. */
  readonly name: string;
  readonly split: Split;
  /** The step of the Jacobian that it belongs to, where one step has a value for each. */
  readonly jacobianStep?: bigint;
  readonly step: bigint;
  /** NaN and ±Infinity are kept. */
  readonly value: number;
}

const projected = [
  "information_ratio",
  "nuisance_ratio",
  "information_energy",
  "pseudo_inverse_norm",
] as const;

/**
 * The curves in a batch, in the order of its rows: all of `metrics`; of `spectrum` and `angles` the values with the indices
 * 1, 2, 5, 10, 20, 50, …; of `projection` the ratios, the energy and ‖J_I†·‖ of every target, labels at the step of their
 * Jacobian, residuals at their own. Other tables have none.
 */
export function curvePoints(batch: RecordBatch): readonly CurvePoint[] {
  switch (tableNameOf(batch.schema)) {
    case "metrics": {
      const { length, name, split, step, value } = metrics.read(batch);
      return rows(length).map((row) => ({
        ...{ name: name[row], split: split[row], step: step[row], value: value[row] },
      }));
    }
    case "spectrum": {
      const { length, index, split, jacobian_step, singular_value } = spectrum.read(batch);
      return rows(length, index).map((row) => ({
        ...{ name: `singular_value/${index[row]}`, split: split[row] },
        ...{ step: jacobian_step[row], value: singular_value[row] },
      }));
    }
    case "angles": {
      const { length, index, split, jacobian_step, other_step, cosine } = angles.read(batch);
      return rows(length, index).map((row) => ({
        ...{ name: `cosine/${index[row]}`, split: split[row], jacobianStep: jacobian_step[row] },
        ...{ step: other_step[row], value: cosine[row] },
      }));
    }
    case "projection": {
      const table = projection.read(batch);
      return rows(table.length).flatMap((row) => {
        const target = table.target[row];
        const of = {
          ...{ split: table.split[row], step: table.step[row] },
          ...(target === "residual" ? { jacobianStep: table.jacobian_step[row] } : {}),
        };
        return projected.map((column) => ({ ...of, name: `${target}/${column}`, value: table[column][row] }));
      });
    }
    default:
      return [];
  }
}

/** The rows of a table, or those whose index is 1, 2 or 5 times a power of ten. */
function rows(length: number, index?: Int32Array): readonly number[] {
  const all = Array.from({ length }, (_, row) => row);
  return index === undefined ? all : all.filter((row) => /^[125]0*$/.test(String(index[row])));
}
