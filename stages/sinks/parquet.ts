import { Type } from "typebox";
import { defineStage, lossless, many, stream } from "../../pipeline/stage.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { arrowForm } from "./arrowForm.js";
import { diskFiles, type FileSystem } from "./files.js";
import { keepTables } from "./keptTables.js";
import { canCompress, compressions } from "./parquet/compression.js";
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
    secondsPerPart: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 86_400,
        description:
          "a file also ends this many seconds after its first batch; which rows it holds then depends on the clock, and the same run no longer gives the same bytes",
      }),
    ),
    compression: Type.Enum([...compressions], {
      default: "snappy",
      description: "how the pages of the Parquet files are compressed",
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
    checkOptions: ({ options: { compression }, place }) => {
      if (!canCompress(compression))
        throw sinkErrors.cannotCompress(`${place}.with.compression`, compression);
    },
    // Parquet's writer takes plain arrays, which are twice the size of typed ones.
    plan: ({ arrow }, context) => planKept(context, (table) => (arrow.includes(table) ? 1 : 3)),
    run: ({ tables }, _outputs, context) => {
      const { rowsPerPart, secondsPerPart, compression, arrow } = context.options;
      if (secondsPerPart !== undefined) {
        context.log("warning", "secondsPerPart: the bytes of these tables depend on the clock");
      }
      const parquetFiles = parquetForm(compression);
      const formOf = (table: string) => (arrow.includes(table) ? arrowForm : parquetFiles);
      return keepTables(tables, context, { rowsPerPart, secondsPerPart, formOf, files });
    },
  });
}

export const parquet = parquetSink(diskFiles);
