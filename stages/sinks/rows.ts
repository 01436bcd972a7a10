import type { RecordBatch, Table } from "apache-arrow";
import type { Column, ListColumn } from "../../schemas/columns.js";
import type { Columns, TableDefinition } from "../../schemas/table.js";

type Cell<Output> = Output extends ListColumn<Float32Array> | ListColumn<Int32Array>
  ? readonly number[]
  : Output extends BigInt64Array | Int32Array | Float64Array
    ? number
    : Output extends readonly (infer Item)[]
      ? Item
      : never;

/** A row of a table by its column names, numbers as numbers (int64 too) and lists as arrays. */
export type RowOf<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Column<infer _, infer Output> ? Cell<Output> : never;
};

/** The rows of a batch or table, for what is read by people: tables of thousands of rows, not millions. */
export function rowsOf<C extends Columns>(
  definition: TableDefinition<C>,
  source: RecordBatch | Table,
): readonly RowOf<C>[] {
  const columns = definition.read(source) as Readonly<Record<string, unknown>>;
  const cells = Object.keys(definition.columns).map((name) => [name, cellReader(columns[name])] as const);
  return Array.from(
    { length: source.numRows },
    (_, row) => Object.fromEntries(cells.map(([name, cell]) => [name, cell(row)])) as RowOf<C>,
  );
}

function cellReader(column: unknown): (row: number) => unknown {
  if (column instanceof BigInt64Array) return (row) => Number(column[row]);
  if (typeof column === "object" && column !== null && "offsets" in column) {
    const { values, offsets } = column as ListColumn<Float32Array>;
    return (row) => Array.from(values.subarray(offsets[row], offsets[row + 1]));
  }
  const items = column as ArrayLike<unknown>;
  return (row) => items[row];
}
