import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { runErrors } from "../../../schemas/errors/pipeline.js";
import {
  type HeadlineNumber,
  headlineNumbers,
  numberColumn,
  runsTable,
} from "../../../schemas/tables/runs.js";
import { AtomicFile, diskFiles } from "../../../stages/sinks/files.js";
import { numberText } from "../../../stages/sinks/numberText.js";
import { parquetForm } from "../../../stages/sinks/parquet/form.js";
import { loadRows, readMetadata } from "../../../stages/sinks/parquet/read.js";
import { partName } from "../../../stages/sinks/parts.js";
import { alignedColumns } from "../columns.js";
import { valueText } from "./runsText.js";
import type { Shard } from "./shard.js";

export type MatrixOutcome = "done" | "failed" | "cancelled" | "waiting";

/** A run of a matrix as its index has it. */
export interface IndexedRun {
  readonly id: string;
  readonly seed: number;
  /** What the matrix gives it, by path. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly outcome: MatrixOutcome;
  /** Code of the first error. */
  readonly error?: string;
  readonly seconds?: number;
  readonly headline?: Readonly<Record<HeadlineNumber, number>>;
}

const folderOf = (matrixFolder: string) => join(matrixFolder, "tables", "runs");

/** Writes the index of a share of the runs: a whole file, by atomic rename. DISK_FULL, WRITE_FAILED. */
export async function writeIndex(
  matrixFolder: string,
  axes: readonly string[],
  runs: readonly IndexedRun[],
  shard: Shard,
): Promise<void> {
  const table = runsTable(axes);
  const varied = axes.filter((axis) => axis !== "seed");
  const columns = {
    id: runs.map(({ id }) => id),
    seed: BigInt64Array.from(runs, ({ seed }) => BigInt(seed)),
    outcome: runs.map(({ outcome }) => outcome),
    error: runs.map(({ error }) => error ?? ""),
    seconds: Float64Array.from(runs, ({ seconds }) => seconds ?? Number.NaN),
    folder: runs.map(({ id }) => id),
    ...Object.fromEntries(
      varied.flatMap((axis) => [
        [axis, runs.map(({ values }) => valueText(values[axis]))],
        [numberColumn(axis), Float64Array.from(runs, ({ values }) => valueNumber(values[axis]))],
      ]),
    ),
    ...Object.fromEntries(
      headlineNumbers.map((name) => [
        name,
        Float64Array.from(runs, ({ headline }) => headline?.[name] ?? Number.NaN),
      ]),
    ),
  };
  const folder = folderOf(matrixFolder);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw runErrors.writeFailed(folder, error);
  });
  const form = parquetForm("snappy");
  const file = new AtomicFile(join(folder, partName(shard.number - 1, form.ending)), diskFiles);
  const batch = table.batch(columns, runs.length);
  try {
    await form.write(file, { table: "runs", schema: table.schema, batches: [batch] });
    await file.complete();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

const valueNumber = (value: unknown): number => (typeof value === "number" ? value : Number.NaN);

type Row = Readonly<Record<string, unknown>>;

/** The files of the index of a matrix folder, one a share; none where the folder has no index. */
export async function indexFiles(matrixFolder: string): Promise<readonly string[]> {
  const folder = folderOf(matrixFolder);
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith(".parquet")).map((name) => join(folder, name));
  return files.sort();
}

/** The index of a matrix folder, of all its shares; undefined where the folder has none. UNREADABLE_TABLE. */
export async function readIndex(
  matrixFolder: string,
): Promise<{ readonly axes: readonly string[]; readonly rows: readonly Row[] } | undefined> {
  const files = await indexFiles(matrixFolder);
  if (files.length === 0) return undefined;
  const axes: string[] = [];
  const rows: Row[] = [];
  for (const file of files) {
    const own = JSON.parse((await readMetadata(file)).get("axes") ?? "[]") as readonly string[];
    axes.push(...own.filter((axis) => !axes.includes(axis)));
    const kept = { table: "runs", stage: "", format: "parquet", files: [file] } as const;
    rows.push(...((await loadRows(runsTable(own), kept)) as readonly Row[]));
  }
  return { axes, rows };
}

/** A row of the index as read back. */
export function indexRow(run: IndexedRun): Row {
  const { id, seed, outcome, seconds = Number.NaN, values, headline } = run;
  const texts = Object.fromEntries(Object.entries(values).map(([axis, value]) => [axis, valueText(value)]));
  return { ...texts, id, seed, outcome, seconds, ...headline };
}

const shown: readonly HeadlineNumber[] = ["train_error", "test_error", "label_information_energy"];

/** The index for people: a line a run, the values that are varied, and what came of it. */
export function indexText(axes: readonly string[], rows: readonly Row[]): string {
  const numbers = shown.filter((name) => rows.some((row) => Number.isFinite(row[name])));
  const head = ["run", ...axes, "outcome", "seconds", ...numbers];
  const lines = rows.map((row) => [
    String(row.id),
    ...axes.map((axis) => String(row[axis] ?? "")),
    String(row.outcome),
    ...["seconds", ...numbers].map((name) => numberText(row[name] as number | undefined)),
  ]);
  return alignedColumns([head, ...lines]);
}
