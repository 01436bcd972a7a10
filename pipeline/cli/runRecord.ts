import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { runFiles } from "../run/folder.js";

/** What `inspect` shows of run.json. Everything may be missing from a file that was tampered with. */
export interface RunRecord {
  readonly name?: string;
  readonly outcome?: string;
  readonly error?: { readonly code: string; readonly message: string } | null;
  readonly seed?: number;
  readonly engine?: { readonly wanted?: string; readonly name?: string; readonly threads?: number };
  readonly started?: string;
  readonly seconds?: number | null;
  /** The process it ran in, as `owner.ts` writes it. */
  readonly process?: unknown;
  readonly file?: string | null;
  readonly stages?: readonly {
    readonly stage: string;
    readonly startSeconds?: number;
    readonly endSeconds?: number;
    readonly outcome: string;
  }[];
  readonly pipeline?: { readonly stages?: Readonly<Record<string, { readonly uses?: string }>> };
}

/** run.json of a run folder. NOT_A_RUN_FOLDER when it has none, or none that can be read. */
export async function readRunRecord(folder: string): Promise<RunRecord> {
  try {
    return JSON.parse(await readFile(join(folder, runFiles.record), "utf8")) as RunRecord;
  } catch {
    throw sinkErrors.notRunFolder(folder);
  }
}
