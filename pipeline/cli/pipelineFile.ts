import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { loadFile } from "../file/load.js";
import { readSource } from "../file/read.js";
import type { LoadedFile } from "../file/request.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { Composition } from "./compose.js";
import { pluggedStages } from "./plugins.js";

/** What the command line says about a pipeline file, as yargs hands it over. */
export interface PipelineFlags {
  readonly file: string;
  readonly set?: readonly string[] | undefined;
  /** Id of the one run of a matrix. */
  readonly only?: string | undefined;
  readonly seed?: string | undefined;
  readonly engine?: string | undefined;
  /** Run folder, or where run folders would be made. */
  readonly out?: string | undefined;
  readonly noEnvironment?: boolean | undefined;
  /** Plugins besides the file's, a comma between. */
  readonly plugins?: string | undefined;
  readonly noPlugins?: boolean | undefined;
}

/** The pipeline of a file, for what a matrix does not change: that of its first run. As {@link fileOf}. */
export async function pipelineOf(flags: PipelineFlags, parts: Composition): Promise<ResolvedPipeline> {
  return (await fileOf(flags, parts)).runs[0].pipeline;
}

/** Reads, checks and resolves a pipeline file with all its runs; rejects with every mistake found. */
export async function fileOf(flags: PipelineFlags, parts: Composition): Promise<LoadedFile> {
  const seed = flags.seed === undefined ? undefined : parseSeed(flags.seed);
  const engine = flags.engine === undefined ? undefined : parseEngine(flags.engine, parts);
  return loadFile({
    text: await readSource(flags.file),
    file: flags.file,
    sets: flags.set ?? [],
    ...(flags.only === undefined ? {} : { run: flags.only }),
    ...(seed === undefined ? {} : { seed }),
    ...(engine === undefined ? {} : { engine }),
    stages: parts.stages,
    withPlugins: (names, folder) =>
      pluggedStages(
        { listed: names, flag: flags.plugins, forbidden: flags.noPlugins === true },
        folder,
        parts,
      ),
    engines: parts.engines,
    requireSink: true,
    checkEnvironment: flags.noEnvironment !== true,
    whyNotAvailable: parts.whyNotAvailable,
    ...(flags.out === undefined ? {} : { runFolder: flags.out }),
    environment: process.env,
  });
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(seed)) {
    throw commandLineErrors.badFlagValue(
      "seed",
      text,
      "a whole number",
      "Give a whole number from 0 to 2^53 − 1.",
    );
  }
  return seed;
}

function parseEngine(text: string, parts: Composition) {
  const known = ["auto" as const, ...parts.engines];
  const found = known.find((name) => name === text);
  if (found === undefined) {
    throw commandLineErrors.badFlagValue("engine", text, "an engine", `Use one of ${known.join(", ")}.`);
  }
  return found;
}
