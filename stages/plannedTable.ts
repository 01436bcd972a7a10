import { DataType, type Schema } from "apache-arrow";
import { parameterLayout } from "../engine/network/layout.js";
import type { Network } from "../engine/network/network.js";
import type { PlannedTable } from "../pipeline/stage.js";
import { examplesTable, predictionsTable } from "../schemas/tables/examples.js";
import { metrics } from "../schemas/tables/metrics.js";
import { parametersTable } from "../schemas/tables/parameters.js";

/** What the size of a table's batches depends on besides its columns. */
export interface TableSize {
  readonly rows: number;
  readonly batches: number;
  /** Bytes of all texts of a row. */
  readonly textBytes?: number;
  /** Numbers in all lists of variable length, over all rows. */
  readonly listNumbers?: number;
}

/** Rows, batches and bytes of batches of this schema. */
export function plannedSize(
  schema: Schema,
  { rows, batches, textBytes = 0, listNumbers = 0 }: TableSize,
): Pick<PlannedTable, "rows" | "batches" | "bytes"> {
  let bytes = rows * textBytes + 4 * listNumbers;
  for (const { type } of schema.fields) {
    if (DataType.isUtf8(type) || DataType.isList(type)) bytes += 4 * (rows + batches);
    else if (DataType.isFixedSizeList(type)) bytes += 4 * rows * type.listSize;
    else if (DataType.isBool(type)) bytes += rows / 8;
    else bytes += rows * (DataType.isInt(type) && type.bitWidth === 64 ? 8 : DataType.isFloat(type) ? 8 : 4);
  }
  return { rows, batches, bytes: Math.ceil(bytes) };
}

/** Examples of these counts in one batch. */
export function plannedExamples(
  counts: NonNullable<PlannedTable["examples"]>,
  shape: readonly number[],
  classes: number | undefined,
): PlannedTable {
  const rows = countOf(counts);
  return {
    ...{ examples: counts, shape },
    ...(classes === undefined ? {} : { classes }),
    ...plannedSize(examplesTable(shape).schema, { rows, batches: 1 }),
  };
}

/** Snapshots of a network, a row a tensor, at these epochs. */
export function plannedSnapshots(network: Network, epochs: readonly number[]): PlannedTable {
  const { tensors, trainableCount, totalCount } = parameterLayout(network);
  const names = tensors.reduce((sum, { name }) => sum + name.length, 0);
  const dimensions = tensors.reduce((sum, { shape }) => sum + shape.length, 0);
  return {
    ...{ network, parameters: trainableCount, epochs },
    ...plannedSize(parametersTable(network).schema, {
      rows: epochs.length * tensors.length,
      batches: epochs.length,
      textBytes: names / tensors.length,
      listNumbers: epochs.length * (totalCount + dimensions),
    }),
  };
}

/** Predictions at every one of these epochs on every one of these splits, a batch each, by the stage at `place`. */
export function plannedPredictions(
  counts: NonNullable<PlannedTable["examples"]>,
  outputs: number,
  epochs: readonly number[],
  place: string,
): PlannedTable {
  return {
    ...{ examples: counts, classes: outputs, epochs },
    ...plannedSize(predictionsTable(outputs).schema, {
      rows: epochs.length * countOf(counts),
      batches: epochs.length * Object.keys(counts).length,
      textBytes: nameLength(place),
    }),
  };
}

/** Metrics of these names in every batch, by the stage at `place`. */
export function plannedMetrics(
  names: readonly string[],
  batches: number,
  epochs: readonly number[],
  place: string,
): PlannedTable {
  const text = names.reduce((sum, name) => sum + name.length, 0) / names.length + nameLength(place);
  const size = { rows: batches * names.length, batches, textBytes: text };
  return { epochs, ...plannedSize(metrics.schema, size) };
}

/** Of all splits. */
export function countOf(counts: NonNullable<PlannedTable["examples"]>): number {
  return (counts.train ?? 0) + (counts.test ?? 0);
}

/** Of the stage's name: `place` is `stages.NAME`. */
export function nameLength(place: string): number {
  return place.length - "stages.".length;
}

/** The examples of the splits asked for (all where none are); what is not there is handed to `refuse`, which throws. */
export function countsOf<Split extends "train" | "test">(
  counts: NonNullable<PlannedTable["examples"]>,
  asked: readonly Split[],
  refuse: (split: Split) => Error,
): NonNullable<PlannedTable["examples"]> {
  for (const split of asked) if (counts[split] === undefined) throw refuse(split);
  const { train, test } = counts;
  const wanted = (split: "train" | "test") =>
    asked.length === 0 || (asked as readonly string[]).includes(split);
  return {
    ...(train === undefined || !wanted("train") ? {} : { train }),
    ...(test === undefined || !wanted("test") ? {} : { test }),
  };
}
