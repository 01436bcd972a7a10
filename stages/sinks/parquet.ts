import { Type } from "typebox";
import { defineStage, lossless, many, stream } from "../../pipeline/stage.js";
import { arrowForm } from "./arrowForm.js";
import { diskFiles, type FileSystem } from "./files.js";
import { keepTables } from "./keptTables.js";
import { parquetForm } from "./parquet/form.js";
import { planKept } from "./plan.js";

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
      description: "Tables kept as Arrow IPC files instead of Parquet: those with long lists",
    }),
  },
  { additionalProperties: false },
);

/** The Parquet sink on a file system. */
export function parquetSink(files: FileSystem) {
  return defineStage({
    name: "sink/parquet",
    summary: "Keeps tables as Parquet files in tables/TABLE/STAGE/ of the run folder.",
    options,
    inputs: { tables: lossless(many(stream("any", "what to keep"))) },
    outputs: {},
    // Parquet's writer takes plain arrays, which are twice the size of typed ones.
    plan: ({ arrow }, context) => planKept(context, (table) => (arrow.includes(table) ? 1 : 3)),
    run: ({ tables }, _outputs, context) => {
      const { rowsPerPart, arrow } = context.options;
      const formOf = (table: string) => (arrow.includes(table) ? arrowForm : parquetForm);
      return keepTables(tables, context, { rowsPerPart, formOf, files });
    },
  });
}

export const parquet = parquetSink(diskFiles);
