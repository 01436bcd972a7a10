import { join } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";
import { type Static, Type } from "typebox";
import {
  defineStage,
  type InputStream,
  lossless,
  many,
  type StageContext,
  stream,
  type TableName,
} from "../../pipeline/stage.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { angles, projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { writeArrowPart } from "./arrowPart.js";
import { diskFiles, type FileSystem } from "./files.js";
import { writeParquetPart } from "./parquet/part.js";
import { Parts } from "./parts.js";

/** Tables whose columns do not depend on the data: what a port that never sent a batch would have sent. */
const emptySchemas: Partial<Readonly<Record<TableName, Schema>>> = {
  metrics: metrics.schema,
  spectrum: spectrum.schema,
  basis: basis.schema,
  projection: projection.schema,
  angles: angles.schema,
};

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

/** A settled failure that several streams can race against. */
function alarm(): { readonly raised: Promise<never>; readonly raise: (error: unknown) => void } {
  let raise: (error: unknown) => void = () => undefined;
  const raised = new Promise<never>((_, reject) => {
    raise = reject;
  });
  raised.catch(() => undefined);
  return { raised, raise };
}

/** Keeps one input; an early end of the run (`raised` too) completes the last part with what came. */
async function keep(
  input: InputStream,
  context: StageContext<Static<typeof options>>,
  files: FileSystem,
  raised: Promise<never>,
): Promise<void> {
  const { table, stage } = input.origin;
  const folder = join(context.runFolder, "tables", table, stage);
  const isNew = await files.makeFolder(folder).catch((error) => {
    throw runErrors.writeFailed(folder, error);
  });
  if (!isNew) throw sinkErrors.tableHasWriter(folder, table, stage);
  const asArrow = context.options.arrow.includes(table);
  const parts = new Parts({
    folder,
    rowsPerPart: context.options.rowsPerPart,
    ending: asArrow ? "arrow" : "parquet",
    writePart: (path, schema, batches) =>
      asArrow
        ? writeArrowPart(path, schema, batches, files)
        : writeParquetPart(path, schema, batches, table, files),
  });
  try {
    const keepBatch = (batch: RecordBatch) => parts.append(batch);
    await Promise.race([input.forEach(keepBatch), raised]);
    await parts.finish(context.run.stopping.aborted ? undefined : emptySchemas[table]);
  } finally {
    await parts.finish();
    if (parts.length === 0) {
      context.log("warning", `${stage} sent no ${table}, whose columns depend on the data: no file`);
      await files.removeEmptyFolder(folder).catch(() => undefined);
    }
  }
}

/** The Parquet sink on a file system. */
export function parquetSink(files: FileSystem) {
  return defineStage({
    name: "sink/parquet",
    summary: "Keeps tables as Parquet files in tables/TABLE/STAGE/ of the run folder.",
    options,
    inputs: { tables: lossless(many(stream("any", "what to keep"))) },
    outputs: {},
    async run({ tables }, _outputs, context) {
      const { raised, raise } = alarm();
      // A disk that is full for one table is full for all: the others complete what they have and stop.
      const kept = await Promise.allSettled(
        tables.map((input) =>
          keep(input, context, files, raised).catch((error) => {
            raise(error);
            throw error;
          }),
        ),
      );
      const first = kept.find((result) => result.status === "rejected");
      if (first !== undefined) await raised;
    },
  });
}

export const parquet = parquetSink(diskFiles);
