import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { printable } from "../../schemas/errors/error.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { mapOf } from "../../stages/sinks/report/tables.js";
import { runFiles } from "../run/folder.js";

/** What `inspect` shows of run.json. Everything may be missing from a file that was tampered with. */
export interface RunRecord {
  readonly name?: string;
  readonly outcome?: string;
  /** As it was written. */
  readonly process?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly seed?: number;
  readonly engine?: { readonly wanted?: string; readonly name?: string; readonly threads?: number };
  readonly started?: string;
  readonly seconds?: number;
  readonly file?: string;
  readonly stages: readonly {
    readonly stage: string;
    readonly startSeconds?: number;
    readonly endSeconds?: number;
    readonly outcome: string;
  }[];
  /** The pipeline as it was written. */
  readonly pipeline?: unknown;
}

/** run.json of a run folder, as far as it is what a run writes. NOT_A_RUN_FOLDER when it has none, or none that can be read. */
export async function readRunRecord(folder: string): Promise<RunRecord> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(join(folder, runFiles.record), "utf8"));
  } catch {
    throw sinkErrors.notRunFolder(folder);
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) {
    throw sinkErrors.notRunFolder(folder);
  }
  const record = mapOf(found);
  const error = mapOf(record.error);
  const engine = mapOf(record.engine);
  return {
    ...texts(record, ["name", "outcome", "started", "file"]),
    ...numbers(record, ["seed", "seconds"]),
    ...(typeof error.code === "string"
      ? { error: { code: printable(error.code), message: text(error.message) } }
      : {}),
    engine: { ...texts(engine, ["wanted", "name"]), ...numbers(engine, ["threads"]) },
    stages: (Array.isArray(record.stages) ? record.stages : []).map(mapOf).flatMap((stage) =>
      typeof stage.stage === "string"
        ? [
            {
              stage: printable(stage.stage),
              outcome: text(stage.outcome),
              ...numbers(stage, ["startSeconds", "endSeconds"]),
            },
          ]
        : [],
    ),
    process: record.process,
    pipeline: record.pipeline,
  };
}

const text = (value: unknown) => (typeof value === "string" ? printable(value) : "unknown");

function texts<Name extends string>(
  record: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): { readonly [name in Name]?: string } {
  const found = names.filter((name) => typeof record[name] === "string");
  return Object.fromEntries(found.map((name) => [name, text(record[name])])) as { [name in Name]?: string };
}

function numbers<Name extends string>(
  record: Readonly<Record<string, unknown>>,
  names: readonly Name[],
): { readonly [name in Name]?: number } {
  const found = names.filter((name) => typeof record[name] === "number");
  return Object.fromEntries(found.map((name) => [name, record[name]])) as { [name in Name]?: number };
}
