import { type Data, DataType, type RecordBatch, Vector } from "apache-arrow";
import type { InputPort } from "../../../pipeline/stage.js";
import { decodeArrow, encodeArrow, joinChunks, withSchema } from "../../../schemas/ipc.js";
import type { Bench, BenchOutcome } from "../bench.js";
import type { StageOutcome } from "../trial.js";
import { failed, type Law, leftBytes, soon } from "./law.js";

const textOfValue = (value: unknown): string =>
  value instanceof Vector ? `[${[...value].map(textOfValue).join()}]` : String(value);

/** What every port sent, a text a row, whatever batches the rows came in. */
function rowsSent({ batches }: StageOutcome): ReadonlyMap<string, readonly string[]> {
  const rowsOf = (batch: RecordBatch) => {
    const columns = batch.schema.fields.map((_, at) => batch.getChildAt(at));
    return Array.from({ length: batch.numRows }, (_, row) =>
      columns.map((column) => textOfValue(column?.get(row))).join(" "),
    );
  };
  return new Map(Object.entries(batches).map(([port, sent]) => [port, sent.flatMap(rowsOf)]));
}

const cutApart = (batches: readonly RecordBatch[]) =>
  batches.flatMap((batch) => Array.from({ length: batch.numRows }, (_, row) => batch.slice(row, row + 1)));

/** The ports whose batches mean nothing but their rows: where an evaluation or a snapshot is a batch, that is kept. */
function* freelyCut({ stage }: Bench): Generator<string> {
  for (const [name, { table, delivery }] of Object.entries(
    stage.inputs as Readonly<Record<string, InputPort>>,
  )) {
    if (table === "any" || table === "examples" || (delivery === "whole" && table !== "parameters"))
      yield name;
  }
}

/** The rows a stage sends are the same however the rows that it reads are cut into batches. */
async function dependsOnCut(bench: Bench, usual: StageOutcome): Promise<string | undefined> {
  for (const name of freelyCut(bench)) {
    const inputs = { ...bench.inputs, [name]: bench.inputs[name].map(cutApart) };
    const outcome = await bench.run({ inputs });
    if (outcome.error !== undefined) return `with the rows of ${name} in a batch each ${failed(outcome)}`;
    const sent = rowsSent(outcome);
    for (const [port, rows] of rowsSent(usual)) {
      const other = sent.get(port) as readonly string[];
      if (rows.join("\n") === other.join("\n")) continue;
      const difference =
        rows.length === other.length ? "other rows" : `${other.length} rows, not ${rows.length}`;
      return `with the rows of ${name} in a batch each it sent ${difference} on ${port}`;
    }
  }
}

/** Where the float of a row lies, or the first of its list; nowhere in other columns. */
function floatAt(
  column: Data,
  row: number,
): readonly { readonly values: Float64Array; readonly at: number }[] {
  if (DataType.isFloat(column.type)) return [{ values: column.values, at: row }];
  if (!DataType.isList(column.type)) return [];
  const [first, end] = column.valueOffsets.subarray(row, row + 2);
  return first === end ? [] : floatAt(column.children[0], first);
}

/**
 * A copy of a batch with other numbers in one row, in every column of floats or of lists of them, since a sink may have
 * no use for some; undefined for a table without such a column.
 */
async function withOtherNumbers(batch: RecordBatch, row: number): Promise<RecordBatch | undefined> {
  const [copy] = decodeArrow(joinChunks(await encodeArrow(batch.schema, [batch], "stream"))).batches;
  const places = copy.data.children.flatMap((column) => floatAt(column, row));
  if (places.length === 0) return undefined;
  for (const { values, at } of places) values[at] += 1;
  return withSchema(batch.schema, copy);
}

/** Some rows at the ends of batches, where one is lost most easily: batch and row. */
const edgeRows: Readonly<Record<string, (batches: readonly RecordBatch[]) => readonly [number, number]>> = {
  "the first row": () => [0, 0],
  "the last row of the first batch": ([first]) => [0, first.numRows - 1],
  "the last row": (batches) => [batches.length - 1, batches[batches.length - 1].numRows - 1],
};

/** What a sink leaves depends on every row of an input that may lose none: on those at the ends of batches at least. */
async function ignoresRow(bench: Bench, usual: BenchOutcome): Promise<string | undefined> {
  const left = await leftBytes(usual);
  if (left === "") return undefined;
  const ports = Object.entries(bench.stage.inputs as Readonly<Record<string, InputPort>>);
  for (const [name] of ports.filter(([, { lossless }]) => lossless)) {
    const offers = bench.inputs[name];
    for (const [index, [words, placeOf]] of Object.entries(edgeRows).entries()) {
      const offer = index % offers.length;
      const [batch, row] = placeOf(offers[offer]);
      const other = await withOtherNumbers(offers[offer][batch], row);
      if (other === undefined) continue;
      const inputs = { ...bench.inputs, [name]: offers.with(offer, offers[offer].with(batch, other)) };
      const outcome = await bench.run({ inputs });
      if (outcome.error !== undefined) return failed(outcome);
      if ((await leftBytes(outcome)) === left) return `what it leaves does not depend on ${words} of ${name}`;
    }
  }
}

const counts = (outcome: StageOutcome) =>
  [...rowsSent(outcome)].map(([port, rows]) => `${rows.length} rows on ${port}`).join(", ");

export const noRowsLost: Law = async (bench) => {
  const quick = await bench.usual();
  const slow = await bench.run({ capacity: 1, onSend: () => soon(2) });
  for (const outcome of [quick, slow]) {
    if (outcome.error !== undefined) return failed(outcome);
    for (const name of bench.streams) {
      for (const [at, batches] of bench.inputs[name].entries()) {
        const taken = outcome.delivered[name][at];
        if (taken !== batches.length) return `it took ${taken} of ${batches.length} batches of ${name}`;
      }
    }
  }
  if (counts(quick) !== counts(slow))
    return `a slow reader gets ${counts(slow)}, a quick one ${counts(quick)}`;
  return (await dependsOnCut(bench, quick)) ?? ignoresRow(bench, quick);
};
