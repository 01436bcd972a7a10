import { join, resolve } from "node:path";
import { matrixErrors } from "../../../schemas/errors/matrix.js";
import type { LoadedFile, LoadedRun } from "../../file/request.js";
import { claimRuns } from "../../run/claim.js";
import { defaultRunFolder } from "../../run/folder.js";
import type { Composition } from "../compose.js";
import { durationText } from "../duration.js";
import { exitCodeOf } from "../errorText.js";
import { type Interruption, listenForInterruption, signalExitCodes } from "../interrupt.js";
import type { RunFlags } from "../runCommand.js";
import type { Terminal } from "../terminal.js";
import { clearForRuns } from "./folders.js";
import { headlineNumbersOf } from "./headlineNumbers.js";
import { type IndexedRun, indexRow, indexText, writeIndex } from "./indexTable.js";
import { type EndedProcess, type RunProcess, startRun } from "./process.js";
import { parseShard, type Shard, shareOf, wholeShard } from "./shard.js";

/** What the runs of a matrix share: each gets its part of threads and memory. */
export interface MatrixSettings {
  readonly jobs: number;
  readonly shard: Shard;
  /** Threads of one run; undefined: what the engine likes. */
  readonly threads: number | undefined;
  /** Bytes of one run. */
  readonly memoryLimit: number;
}

/** Threads and memory of the whole divided among the jobs. */
export function matrixSettings(
  flags: RunFlags,
  whole: {
    readonly jobs: number | undefined;
    readonly threads: number | undefined;
    readonly memoryLimit: number;
  },
  runs: readonly LoadedRun[],
  { explainEngineChoice }: Composition,
): MatrixSettings {
  const shard = flags.shard === undefined ? wholeShard : parseShard(flags.shard);
  const jobs = Math.max(1, Math.min(whole.jobs ?? 1, shareOf(runs, shard).length));
  const all = whole.threads ?? explainEngineChoice(runs[0].pipeline.engine).threads;
  return {
    jobs,
    shard,
    threads: jobs === 1 ? whole.threads : Math.max(1, Math.floor(all / jobs)),
    memoryLimit: Math.floor(whole.memoryLimit / jobs),
  };
}

/**
 * Runs a share of a matrix, each run in a process of its own and several at a time; one that fails ends no other.
 * Finished runs of an earlier call with the same folder are kept as they are. The index is written anew after every run.
 * Resolves to the exit code: 1 where a run failed. MATRIX_ACTIVE,
 * OTHER_RUN_THERE, RUN_FOLDER_NOT_EMPTY before anything runs.
 */
export async function runMatrix(
  { axes = [], runs: all }: LoadedFile,
  flags: RunFlags,
  settings: MatrixSettings,
  terminal: Terminal,
): Promise<number> {
  const runs = shareOf(all, settings.shard);
  const folder = resolve(flags.out ?? defaultRunFolder(all[0].pipeline.name, new Date()));
  const claim = await claimRuns(
    folder,
    runs.map(({ id }) => id),
    ({ id, pid, file }) => matrixErrors.active(folder, id, pid, file),
  );
  try {
    return await runClaimed(axes, runs, folder, flags, settings, terminal);
  } finally {
    await claim.release();
  }
}

async function runClaimed(
  axes: readonly string[],
  runs: readonly LoadedRun[],
  folder: string,
  flags: RunFlags,
  settings: MatrixSettings,
  terminal: Terminal,
): Promise<number> {
  const finished = await clearForRuns(folder, runs);
  const indexed = new Map<string, IndexedRun>();
  for (const { id, values, pipeline } of runs) {
    indexed.set(id, { id, values, seed: pipeline.seed, outcome: "waiting", ...finished.get(id) });
  }
  const say = (text: string) => {
    if (flags.quiet !== true) terminal.talk(text);
  };
  let written = Promise.resolve();
  const record = (run: IndexedRun): Promise<void> => {
    indexed.set(run.id, run);
    written = written.then(() => writeIndex(folder, axes, [...indexed.values()], settings.shard));
    return written;
  };
  const waiting = runs.filter(({ id }) => !finished.has(id));
  say(`${runs.length} runs into ${folder}${finished.size > 0 ? `, ${finished.size} done before` : ""}\n`);
  for (const { id } of runs.filter((run) => finished.has(run.id))) {
    const before = indexed.get(id) as IndexedRun;
    await record({ ...before, headline: await headlineNumbersOf(join(folder, id)) });
  }

  const interruption = listenForInterruption(terminal);
  const processes = new Set<RunProcess>();
  interruption.signal.addEventListener("abort", () => {
    for (const one of processes) one.stop();
  });
  // The second signal ends this process at once, and no other may outlive it.
  const killAll = () => {
    for (const one of processes) one.kill();
  };
  process.on("exit", killAll);
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < waiting.length && !interruption.signal.aborted) {
      const run = waiting[begun];
      begun += 1;
      const number = finished.size + begun;
      const started = startRun(wordsFor(run, flags, join(folder, run.id), settings));
      processes.add(started);
      const ended = await started.ended;
      processes.delete(started);
      const result = await indexedRun(run, join(folder, run.id), ended);
      await record(result);
      if (result.outcome === "failed") terminal.talk(`${run.id}:\n${saidBy(run.id, ended)}`);
      say(`${number}/${runs.length} ${result.outcome} ${run.id}${secondsText(result)}\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: settings.jobs }, work));
    await written;
  } finally {
    killAll();
    process.off("exit", killAll);
    interruption.stop();
  }
  return tell([...indexed.values()], { axes, folder }, flags, terminal, interruption);
}

/** The words of the command that runs one run of the matrix; anyone may type them. */
function wordsFor(
  run: LoadedRun,
  flags: RunFlags,
  folder: string,
  { threads, memoryLimit }: MatrixSettings,
): readonly string[] {
  const given = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [`--${name}=${value}`];
  return [
    "run",
    flags.file,
    ...(flags.set ?? []).map((set) => `--set=${set}`),
    ...given("seed", flags.seed),
    ...given("engine", flags.engine),
    ...given("plugins", flags.plugins),
    ...(flags.noPlugins === true ? ["--no-plugins"] : []),
    ...given("threads", threads),
    ...given("memory", memoryLimit),
    `--only=${run.id}`,
    `--resume=${folder}`,
    "--quiet",
    "--json",
  ];
}

async function indexedRun(
  { id, values, pipeline }: LoadedRun,
  folder: string,
  { facts }: EndedProcess,
): Promise<IndexedRun> {
  const outcome = facts?.outcome;
  const errors = Array.isArray(facts?.errors) ? (facts.errors as readonly { readonly code?: unknown }[]) : [];
  const base = {
    ...{ id, values, seed: pipeline.seed },
    ...(typeof facts?.seconds === "number" ? { seconds: facts.seconds } : {}),
  };
  if (outcome === "done") {
    return { ...base, outcome, headline: await headlineNumbersOf(folder) };
  }
  if (outcome === "cancelled") return { ...base, outcome };
  return { ...base, outcome: "failed", error: String(errors[0]?.code ?? "RUN_LOST") };
}

function saidBy(id: string, { facts, said, how }: EndedProcess): string {
  if (facts !== undefined) return said;
  const error = matrixErrors.runLost(id, how);
  return `${said}error ${error.code}\n  ${error.message}\n  ${error.remedy}\n`;
}

const secondsText = ({ seconds }: IndexedRun) =>
  seconds === undefined ? "" : ` after ${durationText(seconds)}`;

function tell(
  runs: readonly IndexedRun[],
  { axes, folder }: { readonly axes: readonly string[]; readonly folder: string },
  flags: RunFlags,
  terminal: Terminal,
  interruption: Interruption,
): number {
  const failed = runs.filter(({ outcome }) => outcome === "failed").map(({ id }) => id);
  const signal = interruption.received();
  const error = failed.length > 0 ? matrixErrors.runsFailed(failed, runs.length) : undefined;
  const exitCode =
    signal !== undefined ? signalExitCodes[signal] : error !== undefined ? exitCodeOf(error) : 0;
  if (flags.json === true) {
    const outcome = signal !== undefined ? "cancelled" : error !== undefined ? "failed" : "done";
    terminal.out(`${JSON.stringify({ outcome, exitCode, runFolder: folder, runs })}\n`);
  } else if (flags.quiet !== true) {
    terminal.out(indexText(axes, runs.map(indexRow)));
  }
  const { paint } = terminal;
  if (error !== undefined) {
    const head = `${paint.error("error")} ${paint.strong(error.code)}`;
    terminal.talk(`${head}\n  ${error.message}\n  ${error.remedy}\n`);
  }
  return exitCode;
}
