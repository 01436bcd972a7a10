import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { reportFile } from "../../schemas/document.js";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { matrixErrors } from "../../schemas/errors/matrix.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { checkParts } from "../../stages/sinks/parquet/read.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import { defaultParent, defaultRunFolder } from "../run/folder.js";
import type { RunOutcome } from "../run/outcome.js";
import { PlannedErrors, plannedErrors } from "../run/plan.js";
import type { RunObserver } from "../run/progress.js";
import { reopenRunFolder } from "../run/resume.js";
import { runPipeline } from "../run/run.js";
import { type Composition, composition } from "./compose.js";
import { durationText } from "./duration.js";
import { errorFacts, errorText, exitCodeOf, warningText } from "./errorText.js";
import { type Interruption, listenForInterruption, signalExitCodes } from "./interrupt.js";
import { defaultMemoryLimit, parseMemorySize } from "./memorySize.js";
import { fileOf, type PipelineFlags } from "./pipelineFile.js";
import { planExitCode, planFacts, planText, runPlanner } from "./planText.js";
import { expectedRates, programMemory } from "./programMemory.js";
import { progressDisplay, type Verbosity } from "./progress.js";
import type { Terminal } from "./terminal.js";
import { versionsHere } from "./versions.js";

export interface RunFlags extends PipelineFlags {
  readonly out?: string | undefined;
  readonly resume?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly threads?: string | undefined;
  readonly memory?: string | undefined;
  readonly jobs?: string | undefined;
  readonly shard?: string | undefined;
  /** Port, or empty for the usual one. */
  readonly serve?: string | undefined;
  /** `-`, `TABLE=-` or `TABLE=FILE`. */
  readonly stream?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: number | undefined;
}

/** Runs a pipeline file, or shows what running it would take; resolves to the exit code of design §6. */
export async function runCommand(flags: RunFlags, terminal: Terminal): Promise<number> {
  if (flags.json !== true) return runFile(flags, terminal);
  try {
    return await runFile(flags, terminal);
  } catch (error) {
    terminal.out(
      `${JSON.stringify({ outcome: "refused", exitCode: exitCodeOf(error), errors: errorFacts(error) })}\n`,
    );
    throw error;
  }
}

async function runFile(given: RunFlags, terminal: Terminal): Promise<number> {
  if (given.resume !== undefined && given.out !== undefined) throw commandLineErrors.outAndResume();
  const flags = given.resume === undefined ? given : { ...given, out: given.resume };
  const memoryLimit = flags.memory === undefined ? defaultMemoryLimit() : parseMemorySize(flags.memory);
  const threads = flags.threads === undefined ? undefined : parseCount("threads", flags.threads);
  const jobs = flags.jobs === undefined ? undefined : parseCount("jobs", flags.jobs);
  const parts = composition();
  const out = flags.out ?? defaultParent;
  const file = await fileOf({ ...flags, out }, parts);
  if (flags.quiet !== true)
    for (const warning of file.warnings) terminal.talk(warningText(warning, terminal.paint));
  if (file.axes !== undefined && flags.only === undefined) {
    if (flags.stream !== undefined) throw matrixErrors.manyRuns("--stream", flags.file);
    const { matrixSettings, runMatrix } = await import("./matrix/runMatrix.js");
    const settings = matrixSettings(flags, { jobs, threads, memoryLimit }, file.runs, parts);
    if (flags.dryRun === true) {
      return (await import("./matrix/planMatrix.js")).planMatrix(file, flags, settings, parts, terminal);
    }
    const folder = resolve(flags.out ?? defaultParent);
    const server =
      flags.serve === undefined
        ? undefined
        : await (await import("./serveBeside.js")).serveBeside(flags.serve, folder, terminal);
    return runMatrix(file, flags, settings, terminal).finally(() => server?.close());
  }
  for (const flag of ["jobs", "shard"] as const) {
    if (flags[flag] !== undefined) throw matrixErrors.noMatrix(`--${flag}`, flags.file);
  }
  const [{ pipeline: ofFile, mistakes }] = file.runs;
  const pipeline = flags.stream === undefined ? ofFile : await streaming(ofFile, flags, flags.stream, parts);
  if (flags.dryRun === true) {
    const planned = await runPlanner(parts, { threads, memoryLimit })(pipeline);
    const found = plannedErrors(planned.plan);
    const errors = found.length === 0 ? {} : { errors: errorFacts(mistakes(found)) };
    const facts = { ...planFacts(planned), ...errors };
    terminal.out(flags.json === true ? `${JSON.stringify(facts)}\n` : planText(planned));
    if (found.length > 0) terminal.talk(errorText(mistakes(found), terminal.paint));
    return planExitCode(planned);
  }
  const runFolder = resolve(flags.out ?? defaultRunFolder(pipeline.name, new Date()));
  const resumed = flags.resume !== undefined;
  if (resumed && (await reopenRunFolder(runFolder, pipeline)) === "done") {
    await checkParts(runFolder).catch((error: unknown) => {
      if (!(error instanceof JacoflowError) || error.code !== "DAMAGED_PART") throw error;
      const part = relative(runFolder, String(error.place));
      throw sinkErrors.damagedPartOfDone(error.message, flags.file, runFolder, part);
    });
    return tellDoneBefore(runFolder, flags, terminal);
  }
  const served = await servedRun(flags, runFolder, pipeline, terminal);
  const interruption = listenForInterruption(terminal);
  const display = progressDisplay(terminal, verbosityOf(flags));
  try {
    const outcome = await start(pipeline, parts, {
      ...{ runFolder, resumed },
      memoryLimit,
      interruption,
      observers: [display.observe, ...(served === undefined ? [] : [served.live.observe])],
      engine: threads === undefined ? {} : { threads },
    }).catch((error) => {
      throw error instanceof PlannedErrors ? mistakes(error.found) : error;
    });
    display.close();
    served?.live.end(outcome.error);
    return tell(outcome, flags, terminal, interruption);
  } finally {
    display.close();
    // The pages are told how the run ended; they keep what they have.
    await served?.server.close();
    interruption.stop();
  }
}

/** The pipeline with what `--stream` adds. Errors: BAD_FLAG_VALUE. */
async function streaming(
  pipeline: ResolvedPipeline,
  { json }: RunFlags,
  streams: readonly string[],
  parts: Composition,
): Promise<ResolvedPipeline> {
  if (json === true && streams.some((text) => text === "-" || text.endsWith("=-"))) {
    const remedy = "stdout holds either: leave out --json, or stream to a file.";
    throw commandLineErrors.badFlagValue("stream", streams.join(" "), "a file beside --json", remedy);
  }
  const { withStreams } = await import("./streamFlag.js");
  return withStreams(pipeline, streams, parts.stages.get("sink/arrow")!);
}

/** The server of a run's page where `--serve` asks for one. */
async function servedRun(
  { serve, out }: RunFlags,
  runFolder: string,
  pipeline: ResolvedPipeline,
  terminal: Terminal,
) {
  if (serve === undefined) return undefined;
  const [{ serveBeside }, { LiveRun }] = await Promise.all([
    import("./serveBeside.js"),
    import("../serve/liveRun.js"),
  ]);
  const live = new LiveRun(basename(runFolder), pipeline);
  // By default what else is in `runs` can be compared; beside a folder chosen freely may be anything.
  const root = out === undefined ? dirname(runFolder) : runFolder;
  return { live, server: await serveBeside(serve, root, terminal, live) };
}

interface RunSettings {
  readonly runFolder: string;
  readonly resumed: boolean;
  readonly memoryLimit: number;
  readonly engine: { readonly threads?: number };
  readonly interruption: Interruption;
  readonly observers: readonly RunObserver[];
}

async function start(
  pipeline: ResolvedPipeline,
  parts: Composition,
  settings: RunSettings,
): Promise<RunOutcome> {
  const engine = parts.explainEngineChoice(pipeline.engine, settings.engine);
  return runPipeline(pipeline, {
    createEngine: () => parts.createEngine(pipeline.engine, settings.engine),
    runFolder: settings.runFolder,
    resumed: settings.resumed,
    signal: settings.interruption.signal,
    observers: settings.observers,
    memoryLimit: settings.memoryLimit,
    programBytes: programMemory(engine.name),
    rates: expectedRates(engine.name),
    versions: versionsHere(),
    threads: engine.threads,
  });
}

function tell(outcome: RunOutcome, flags: RunFlags, terminal: Terminal, interruption: Interruption): number {
  const signal = interruption.received();
  const exitCode =
    outcome.outcome === "done"
      ? 0
      : outcome.outcome === "failed"
        ? exitCodeOf(outcome.error)
        : signal === undefined
          ? 1
          : signalExitCodes[signal];
  if (outcome.error !== undefined) terminal.talk(errorText(outcome.error, terminal.paint));
  if (flags.quiet !== true) {
    terminal.talk(
      `${outcome.outcome} after ${durationText(outcome.seconds)}: ${shownPath(outcome.runFolder)}\n`,
    );
    const report = join(outcome.runFolder, reportFile);
    if (existsSync(report)) terminal.talk(`report: ${shownPath(report)}\n`);
  }
  if (flags.json === true) {
    const { runFolder, seconds, stages } = outcome;
    const errors = outcome.error === undefined ? {} : { errors: errorFacts(outcome.error) };
    terminal.out(
      `${JSON.stringify({ outcome: outcome.outcome, exitCode, runFolder, seconds, stages, ...errors })}\n`,
    );
  }
  return exitCode;
}

function tellDoneBefore(runFolder: string, flags: RunFlags, terminal: Terminal): number {
  if (flags.quiet !== true) terminal.talk(`done before: ${shownPath(runFolder)}\n`);
  if (flags.json === true) terminal.out(`${JSON.stringify({ outcome: "done", exitCode: 0, runFolder })}\n`);
  return 0;
}

function parseCount(flag: string, text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > 1024) {
    const remedy = "Give a whole number from 1 to 1024.";
    throw commandLineErrors.badFlagValue(flag, text, `a number of ${flag}`, remedy);
  }
  return count;
}

/** Relative to the current folder when it is inside. */
function shownPath(path: string): string {
  const inside = relative(process.cwd(), path);
  return inside === "" || inside.startsWith("..") ? path : inside;
}

function verbosityOf(flags: RunFlags): Verbosity {
  if (flags.quiet === true) return "quiet";
  const verbose = flags.verbose ?? 0;
  return verbose === 0 ? "normal" : verbose === 1 ? "verbose" : "debug";
}
