import { Field, makeData, RecordBatch, Schema, Struct, type Table } from "apache-arrow";
import type { Column } from "./columns.js";
import { dataErrors } from "./errors/data.js";

// biome-ignore lint/suspicious/noExplicitAny: a column's input and output are inferred, never widened
export type Columns = Readonly<Record<string, Column<any, any>>>;
export type InputOf<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Column<infer Input, infer _> ? Input : never;
};
export type OutputOf<C extends Columns> = {
  readonly [Name in keyof C]: C[Name] extends Column<infer _, infer Output> ? Output : never;
};

/** A table of design §2: its one frozen schema and the way in and out of it. */
export interface TableDefinition<C extends Columns = Columns> {
  readonly name: string;
  readonly version: number;
  readonly summary: string;
  readonly columns: C;
  readonly schema: Schema;
  /** A record batch over the given arrays, not copies of them: do not write to them afterwards. */
  /** Throws COLUMN_LENGTH when a column holds other than `rows` rows. */
  batch(columns: InputOf<C>, rows: number): RecordBatch;
  /**
   * Typed views of a batch's or a whole table's columns, in the order of its rows; each is made when first asked for,
   * and throws MISSING_COLUMN or COLUMN_TYPE when the source is not of this table.
   */
  read(source: RecordBatch | Table): OutputOf<C> & { readonly length: number };
}

/**
 * Defines a table. `metadata` joins `jacoflow.table` and `jacoflow.version` in the schema.
 * No column holds nulls: what is not there is NaN, or an empty list.
 */
export function defineTable<C extends Columns>(
  name: string,
  version: number,
  summary: string,
  columns: C,
  metadata: Readonly<Record<string, string>> = {},
): TableDefinition<C> {
  const names = Object.keys(columns);
  const schema = Object.freeze(
    new Schema(
      names.map((key) => new Field(key, columns[key].type, false, new Map(columns[key].metadata))),
      new Map(Object.entries({ "jacoflow.table": name, "jacoflow.version": String(version), ...metadata })),
    ),
  );
  const structure = new Struct(schema.fields);
  return Object.freeze({
    name,
    version,
    summary,
    columns,
    schema,
    batch: (input: InputOf<C>, rows: number) => {
      const children = names.map((key) => {
        const found = columns[key].rows(input[key]);
        if (found !== undefined && found !== rows) throw dataErrors.columnLength(name, key, found, rows);
        return columns[key].build(input[key], rows);
      });
      const batch = new RecordBatch(
        schema,
        makeData({ type: structure, length: rows, nullCount: 0, children: children as never }),
      );
      // Arrow gives each batch an equal copy of the schema; a port has one (design §2).
      return Object.assign(batch, { schema });
    },
    read: (source: RecordBatch | Table) => {
      const view: Record<string, unknown> = { length: source.numRows };
      for (const key of names) {
        let value: unknown;
        Object.defineProperty(view, key, {
          enumerable: true,
          get: () => {
            if (value === undefined) {
              const vector = source.getChild(key);
              if (vector === null) {
                const present = source.schema.fields.map((field) => field.name);
                throw dataErrors.missingColumn(name, key, present);
              }
              const wanted = String(columns[key].type);
              if (String(vector.type) !== wanted) {
                throw dataErrors.columnType(name, key, String(vector.type), wanted);
              }
              value = columns[key].read(vector);
            }
            return value;
          },
        });
      }
      return view as OutputOf<C> & { readonly length: number };
    },
  });
}

/** The table a batch belongs to by its schema's metadata, or undefined for a foreign one. */
export function tableNameOf(schema: Schema): string | undefined {
  return schema.metadata.get("jacoflow.table");
}
