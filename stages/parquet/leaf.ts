import type { ColumnMetaData, SchemaTree } from "hyparquet";

/** One column as it lies in a file: of a list or a struct there are as many as it has innermost parts. */
export interface Leaf {
  readonly chunk: ColumnMetaData;
  /** Bytes of a value written plainly; bits / 8 of truths; 4 of texts, which have their length before them. */
  readonly width: number;
  /** A level of every value within lists, and of every one that may be missing. */
  readonly mostRepeated: number;
  readonly mostDefined: number;
  /** A value a row. */
  readonly isFlat: boolean;
}

const widths = { BOOLEAN: 1 / 8, INT32: 4, INT64: 8, INT96: 12, FLOAT: 4, DOUBLE: 8, BYTE_ARRAY: 4 } as const;

/** Throws for a column that the schema has not. */
export function leafOf(schema: SchemaTree, chunk: ColumnMetaData): Leaf {
  const path: SchemaTree[] = [];
  let tree = schema;
  for (const name of chunk.path_in_schema) {
    const child = tree.children.find(({ element }) => element.name === name);
    if (child === undefined) throw new Error(`parquet schema element not found: ${chunk.path_in_schema}`);
    path.push(child);
    tree = child;
  }
  const kinds = path.map(({ element }) => element.repetition_type);
  const mostRepeated = kinds.filter((kind) => kind === "REPEATED").length;
  return {
    chunk,
    width: chunk.type === "FIXED_LEN_BYTE_ARRAY" ? (tree.element.type_length ?? 0) : widths[chunk.type],
    mostRepeated,
    mostDefined: kinds.filter((kind) => kind !== "REQUIRED").length,
    isFlat: path.length === 1 && mostRepeated === 0 && tree.children.length === 0,
  };
}
