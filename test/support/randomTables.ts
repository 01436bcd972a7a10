import { type DataType, type RecordBatch, DataType as Types } from "apache-arrow";
import fc from "fast-check";
import type { Column, Split } from "../../schemas/columns.js";
import type { TableDefinition } from "../../schemas/table.js";

/** A cell as DuckDB gives it back. */
export type Cell = string | number | bigint | boolean | readonly number[];

const float64 = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324),
);
const float32 = fc.oneof(fc.float(), fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY, -0));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

function items(type: DataType, size: { minLength?: number; maxLength: number }): fc.Arbitrary<number[]> {
  return fc.array(Types.isFloat(type) ? float32 : int32, size);
}

function cellOf(type: DataType): fc.Arbitrary<Cell> {
  if (Types.isDictionary(type)) return fc.constantFrom<Split>("train", "test");
  if (Types.isUtf8(type)) return fc.string({ unit: "grapheme", maxLength: 12 });
  if (Types.isBool(type)) return fc.boolean();
  if (Types.isInt(type)) return type.bitWidth === 64 ? int64 : int32;
  if (Types.isFloat(type)) return float64;
  if (Types.isFixedSizeList(type)) {
    return items(type.children[0].type, { minLength: type.listSize, maxLength: type.listSize });
  }
  if (Types.isList(type)) return items(type.children[0].type, { maxLength: 5 });
  throw new Error(`no arbitrary for ${type}`);
}

/** Random rows of a table: by column, then row. */
export function randomColumns(
  table: TableDefinition,
  maxRows: number,
): fc.Arbitrary<{ readonly rows: number; readonly columns: Readonly<Record<string, readonly Cell[]>> }> {
  return fc
    .integer({ min: 0, max: maxRows })
    .chain((rows) =>
      fc
        .record(
          Object.fromEntries(
            Object.entries(table.columns).map(([name, column]) => [
              name,
              fc.array(cellOf(column.type), { minLength: rows, maxLength: rows }),
            ]),
          ),
        )
        .map((columns) => ({ rows, columns })),
    );
}

function columnInput(column: Column<never, unknown>, cells: readonly Cell[]): unknown {
  const { type } = column;
  if (Types.isFixedSizeList(type)) return Float32Array.from((cells as readonly number[][]).flat());
  if (Types.isList(type)) {
    const lists = cells as readonly (readonly number[])[];
    const offsets = new Int32Array(lists.length + 1);
    for (const [row, list] of lists.entries()) offsets[row + 1] = offsets[row] + list.length;
    const values = lists.flat();
    return {
      values: Types.isFloat(type.children[0].type) ? Float32Array.from(values) : Int32Array.from(values),
      offsets,
    };
  }
  if (Types.isInt(type) && type.bitWidth === 64) return BigInt64Array.from(cells as readonly bigint[]);
  return cells;
}

/** The batch of these cells, built as stages build it. */
export function batchOf(
  table: TableDefinition,
  columns: Readonly<Record<string, readonly Cell[]>>,
  rows: number,
): RecordBatch {
  const input = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, columnInput(column, columns[name])]),
  );
  return table.batch(input as Parameters<typeof table.batch>[0], rows);
}
