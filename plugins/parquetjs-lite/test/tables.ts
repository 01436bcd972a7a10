import { DataType, type RecordBatch } from "apache-arrow";
import fc from "fast-check";
import {
  angles,
  basis,
  examplesTable,
  linearised,
  metrics,
  parametersTable,
  predictionsTable,
  projection,
  spectrum,
  type TableDefinition,
} from "jacoflow";

/** A cell as DuckDB gives it back. */
export type Cell = string | number | bigint | boolean | readonly number[];
export type Cells = Readonly<Record<string, readonly Cell[]>>;

/** Every table that travels on edges. */
export const everyTable = [
  examplesTable([2, 2, 1], { classes: ["coat", "bag", "boot"] }),
  parametersTable({ input: [2], layers: [] }),
  predictionsTable(3),
  metrics,
  spectrum,
  basis,
  projection,
  angles,
  linearised,
].map((table) => table as unknown as TableDefinition);

const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324];
const float64 = fc.oneof(fc.double(), fc.constantFrom(...odd));
const float32 = fc.oneof(fc.float(), fc.constantFrom(...odd.slice(0, 4)));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function cellOf(type: DataType): fc.Arbitrary<Cell> {
  if (DataType.isDictionary(type)) return fc.constantFrom("train", "test");
  if (DataType.isUtf8(type)) return fc.string({ unit: "grapheme", maxLength: 12 });
  if (DataType.isBool(type)) return fc.boolean();
  if (DataType.isInt(type)) return type.bitWidth === 64 ? int64 : int32;
  if (DataType.isFloat(type)) return type.precision === 1 ? float32 : float64;
  const item = DataType.isFloat(type.children[0].type) ? float32 : int32;
  if (!DataType.isFixedSizeList(type)) return fc.array(item, { maxLength: 5 });
  return fc.array(item, { minLength: type.listSize, maxLength: type.listSize });
}

/** Random rows of a table, by column. */
export function randomCells(table: TableDefinition, maxRows: number): fc.Arbitrary<Cells> {
  return fc
    .integer({ min: 0, max: maxRows })
    .chain((rows) =>
      fc.record(
        Object.fromEntries(
          Object.entries(table.columns).map(([name, { type }]) => [
            name,
            fc.array(cellOf(type), { minLength: rows, maxLength: rows }),
          ]),
        ),
      ),
    );
}

function columnInput(type: DataType, cells: readonly Cell[]): unknown {
  if (DataType.isFixedSizeList(type)) return Float32Array.from((cells as readonly number[][]).flat());
  if (DataType.isInt(type) && type.bitWidth === 64) return BigInt64Array.from(cells as readonly bigint[]);
  if (!DataType.isList(type)) return cells;
  const lists = cells as readonly (readonly number[])[];
  const offsets = new Int32Array(lists.length + 1);
  for (const [row, list] of lists.entries()) offsets[row + 1] = offsets[row] + list.length;
  const Values = DataType.isFloat(type.children[0].type) ? Float32Array : Int32Array;
  return { values: Values.from(lists.flat()), offsets };
}

/** The batch of these cells, built as stages build it. */
export function batchOf(table: TableDefinition, cells: Cells): RecordBatch {
  const input = Object.fromEntries(
    Object.entries(table.columns).map(([name, { type }]) => [name, columnInput(type, cells[name])]),
  );
  const [first] = Object.values(cells);
  return table.batch(input as Parameters<TableDefinition["batch"]>[0], first.length);
}
