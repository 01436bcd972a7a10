import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { withoutSecrets } from "../../schemas/secrets.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { Engine } from "../stage.js";
import { runFiles, writeFileAtomic } from "./folder.js";
import type { RunOutcome, RunRequest } from "./outcome.js";
import { thisProcess } from "./owner.js";

/** What run.json says of an earlier run; anything may have been written there since. */
export interface EarlierRecord {
  readonly outcome?: unknown;
  readonly seconds?: unknown;
  readonly seed?: unknown;
  readonly pipeline?: unknown;
  readonly process?: unknown;
}

/** The record in a run folder; undefined where there is none, or none that is an object of JSON. */
export async function readRecord(folder: string): Promise<EarlierRecord | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(join(folder, runFiles.record), "utf8"));
    return typeof found === "object" && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}

/** What run.json says that is known at the end only. */
export interface RecordEnd {
  readonly ended: Date;
  readonly outcome: Pick<RunOutcome, "outcome" | "error" | "seconds" | "stages">;
}

/**
 * Writes run.json (design §6): with no `end` as it stands at the start, `outcome` being `running`. What a killed run
 * leaves is that. Errors: DISK_FULL, WRITE_FAILED.
 */
export function writeRecord(
  pipeline: ResolvedPipeline,
  request: RunRequest,
  started: Date,
  engine: Engine | undefined,
  end?: RecordEnd,
): Promise<void> {
  const error = end?.outcome.error;
  const record = {
    name: pipeline.name,
    outcome: end?.outcome.outcome ?? "running",
    error:
      error === undefined
        ? null
        : {
            code: error.code,
            message: error.message,
            place: error.place ?? null,
            remedy: error.remedy ?? null,
          },
    seed: pipeline.seed,
    engine:
      engine === undefined
        ? { wanted: pipeline.engine }
        : {
            wanted: pipeline.engine,
            name: engine.name,
            threads: engine.threads,
            versions: engine.versions,
          },
    threads: request.threads,
    memoryLimit: request.memoryLimit,
    versions: request.versions,
    // Of a run that goes on: whether its process is still there tells it from one that was killed.
    ...(end === undefined ? { process: thisProcess() } : {}),
    started: started.toISOString(),
    ended: end?.ended.toISOString() ?? null,
    seconds: end?.outcome.seconds ?? null,
    // The most this process had in memory at a time, the program itself with it.
    peakMemoryBytes: end === undefined ? null : 1024 * process.resourceUsage().maxRSS,
    stages: end?.outcome.stages ?? [],
    plugins: pipeline.plugins,
    wires: pipeline.wires,
    file: pipeline.file ?? null,
    pipeline: pipeline.document,
  };
  const written = withoutSecrets(record, pipeline.secrets ?? []);
  return writeFileAtomic(join(request.runFolder, runFiles.record), `${JSON.stringify(written, null, 2)}\n`);
}
