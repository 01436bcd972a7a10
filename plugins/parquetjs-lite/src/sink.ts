import { arrowForm, defineStage, keepTables, lossless, many, stream } from "jacoflow";
import { Type } from "typebox";
import { compressions, parquetjsForm } from "./form.js";

const options = Type.Object(
  {
    rowsPerPart: Type.Integer({
      minimum: 1,
      default: 65_536,
      description:
        "the batch that brings a file to this many rows, or to 32 MB, is its last; until then the file is replaced by a longer one whenever its batches have doubled",
    }),
    arrow: Type.Array(Type.String(), {
      default: ["basis", "parameters"],
      description: "tables kept as Arrow IPC files instead of Parquet: those with long lists",
    }),
    compression: Type.Union(
      compressions.map((name) => Type.Literal(name)),
      { default: "snappy", description: "how the pages of the Parquet files are compressed" },
    ),
  },
  { additionalProperties: false },
);

export const parquetjsLite = defineStage({
  name: "sink/parquetjs-lite",
  summary:
    "Keeps tables as Parquet files written by parquetjs-lite, in tables/TABLE/STAGE/ of the run folder",
  options,
  inputs: { tables: lossless(many(stream("any", "what to keep"))) },
  outputs: {},
  run: ({ tables }, _outputs, context) => {
    const { rowsPerPart, arrow, compression } = context.options;
    const parquetForm = parquetjsForm(compression);
    const formOf = (table: string) => (arrow.includes(table) ? arrowForm : parquetForm);
    return keepTables(tables, context, { rowsPerPart, formOf });
  },
});
