import { basename, dirname, join } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";
import type { InputStream, Source, StageContext, TableName } from "../../pipeline/stage.js";
import { descriptionFile, tableDescription } from "../../schemas/document.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { advice } from "../../schemas/tables/advice.js";
import { bound } from "../../schemas/tables/bound.js";
import { density } from "../../schemas/tables/density.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { angles, directions, projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { linearised } from "../../schemas/tables/theory.js";
import { diskFiles, type FileSystem, writeFileAtomically } from "./files.js";
import { KeptFolder } from "./keptFolder.js";
import { Parts } from "./parts.js";

/** A file that is being written; it appears at its path only when it is whole. */
export interface PartFile {
  readonly path: string;
  /** Appends bytes; they may be reused once this has resolved. DISK_FULL, WRITE_FAILED. */
  append(bytes: Uint8Array): Promise<void>;
}

/** What one file of a table holds. */
export interface TablePart {
  readonly table: TableName | "runs";
  readonly schema: Schema;
  /** All of this schema, in order; none for a table without rows. */
  readonly batches: readonly RecordBatch[];
}

/** A form of files: Parquet, Arrow, … */
export interface FileForm {
  /** Of the files' names, without the dot. */
  readonly ending: string;
  /** Appends the whole file; when it rejects, what was at the path stays. Slices of 50 ms at most between awaits. */
  write(file: PartFile, part: TablePart): Promise<void>;
}

/** Tables whose columns do not depend on the data: what a port that never sent a batch would have sent. */
export const emptySchemas: Partial<Readonly<Record<TableName, Schema>>> = {
  metrics: metrics.schema,
  spectrum: spectrum.schema,
  basis: basis.schema,
  projection: projection.schema,
  directions: directions.schema,
  angles: angles.schema,
  density: density.schema,
  linearised: linearised.schema,
  bound: bound.schema,
  advice: advice.schema,
};

/** A settled failure that several streams can race against. */
function alarm(): { readonly raised: Promise<never>; readonly raise: (error: unknown) => void } {
  let raise: (error: unknown) => void = () => undefined;
  const raised = new Promise<never>((_, reject) => {
    raise = reject;
  });
  raised.catch(() => undefined);
  return { raised, raise };
}

/** How tables are kept. */
export interface KeepOptions {
  /** The batch that brings a file to this many rows, or to 32 MB, is its last. */
  readonly rowsPerPart: number;
  /** A file also ends this long after its first batch: what it holds then depends on the clock. Default: never. */
  readonly secondsPerPart?: number | undefined;
  readonly formOf: (table: TableName) => FileForm;
  /** Default: the disk. */
  readonly files?: FileSystem;
}

const folderOf = (runFolder: string, { table, stage }: Source) => join(runFolder, "tables", table, stage);

/** Keeps one input; an early end of the run (`raised` too) completes the last part with what came. */
async function keep(
  input: InputStream,
  context: StageContext<unknown>,
  { rowsPerPart, secondsPerPart, formOf, files = diskFiles }: KeepOptions,
  raised: Promise<never>,
): Promise<void> {
  const { table, stage } = input.origin;
  const folder = folderOf(context.runFolder, input.origin);
  const warn = (message: string) => context.log("warning", message);
  const kept = await KeptFolder.open({ path: folder, table, stage, sink: context.stage, files, warn });
  const form = formOf(table);
  let described = false;
  // Beside the stages' folders, where globs of parts do not find it; each stage writes the same, in a folder of its own.
  const describe = async () => {
    const text = described ? undefined : tableDescription(table);
    described = true;
    if (text === undefined) return;
    const unfinished = join(folder, `${descriptionFile}.tmp`);
    await writeFileAtomically(join(dirname(folder), descriptionFile), text, files, unfinished);
  };
  const parts = new Parts({
    folder,
    rowsPerPart,
    secondsPerPart,
    ending: form.ending,
    earlier: kept.earlier,
    writePart: async (path, schema, batches) => {
      const rows = batches.reduce((sum, batch) => sum + batch.numRows, 0);
      await kept.write(basename(path), rows, (file) => form.write(file, { table, schema, batches }));
      await describe();
    },
  });
  try {
    const keepBatch = (batch: RecordBatch) => parts.append(batch);
    await Promise.race([input.forEach(keepBatch), raised]);
    const early = context.run.stopping.aborted;
    await parts.finish(early ? undefined : emptySchemas[table]);
    if (!early) await kept.keepOnly(parts.length);
    await kept.settle();
  } catch (error) {
    // The first failure is the one that counts.
    await parts.finish().catch(() => undefined);
    await kept.settle().catch(() => undefined);
    throw error;
  } finally {
    if (kept.length === 0) {
      context.log("warning", `${stage} sent no ${table}, whose columns depend on the data: no file`);
    }
  }
}

/**
 * What a sink of files does with its inputs: parts in `tables/TABLE/STAGE/` of the run folder, named
 * `part-00000.ENDING` and so on, each appearing by atomic rename, whole and readable while the run goes on, and
 * `tables/TABLE/_schema.json`, which explains the columns. Resolves when
 * every input has ended and all its rows lie in files; the first failure ends the others with what they have. Errors:
 * TABLE_HAS_WRITER, DISK_FULL, WRITE_FAILED, and those of the form.
 */
export async function keepTables(
  inputs: readonly InputStream[],
  context: StageContext<unknown>,
  options: KeepOptions,
): Promise<void> {
  const taken = new Set<string>();
  for (const { origin } of inputs) {
    const folder = folderOf(context.runFolder, origin);
    if (taken.has(folder)) throw sinkErrors.tableHasWriter(folder, origin.table, origin.stage);
    taken.add(folder);
  }
  const { raised, raise } = alarm();
  // A disk that is full for one table is full for all: the others complete what they have and stop.
  const kept = await Promise.allSettled(
    inputs.map((input) =>
      keep(input, context, options, raised).catch((error) => {
        raise(error);
        throw error;
      }),
    ),
  );
  if (kept.some((result) => result.status === "rejected")) await raised;
}
