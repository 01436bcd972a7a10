import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import type { Engine } from "../../engine/engine.js";
import type { InputPort } from "../../pipeline/stage.js";
import { onUnhandled } from "../host/unhandled.js";
import type { Watchdog } from "../host/watchdog.js";
import { exampleOptions, type OptionSchemas } from "./exampleOptions.js";
import { textOf } from "./laws/law.js";
import { memoryOf } from "./memory.js";
import { sampleBatches } from "./samples.js";
import { type AnyStage, type Batches, runStage, type StageOutcome, type StageTrial } from "./trial.js";

/** How one stage is tried: options, and batches where the samples will not do. */
export interface StageTrialFacts {
  readonly options?: Readonly<Record<string, unknown>>;
  /** By port, one list an offer; other ports get the samples of their table. */
  readonly inputs?: Readonly<Record<string, readonly (readonly RecordBatch[])[]>>;
  /** Where relative paths of the options start. */
  readonly folder?: string;
  /** Output ports that send nothing under these options. */
  readonly silent?: readonly string[];
}

/** How a run on the bench ended, and where it left its files. */
export interface BenchOutcome extends StageOutcome {
  readonly runFolder: string;
  /** From its start to its end. */
  readonly milliseconds: number;
}

/** What the laws put a stage on. */
export interface Bench {
  readonly stage: AnyStage;
  /** What every port reads, one list an offer. */
  readonly inputs: Readonly<Record<string, readonly (readonly RecordBatch[])[]>>;
  /** What these batches held before the stage was first run, by `memoryOf`. */
  readonly memory: ReadonlyMap<RecordBatch, string>;
  /** Names of the ports it reads batch by batch. */
  readonly streams: readonly string[];
  /** Names of the output ports that may send nothing. */
  readonly silent: readonly string[];
  readonly seconds: number;
  /** How the stage ends as it is usually run; run once, for all laws that only look at it. */
  usual(): Promise<BenchOutcome>;
  /** Runs the stage in a run folder of its own. Fails when it has not ended in time. */
  run(change?: StageTrial): Promise<BenchOutcome>;
  close(): Promise<void>;
}

function samplesFor(port: InputPort): readonly (readonly RecordBatch[])[] {
  const offer = sampleBatches(port.table === "any" ? "metrics" : port.table);
  return port.many ? [offer, offer] : [offer];
}

/** Makes a bench; close it, or what the stage wrote stays in the temporary folder. */
export async function makeBench(
  stage: AnyStage,
  facts: StageTrialFacts,
  engine: () => Promise<Engine>,
  seconds: number,
  watchdog: Watchdog,
): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-check-"));
  const ports = Object.entries(stage.inputs as Readonly<Record<string, InputPort>>);
  const inputs = Object.fromEntries(
    ports.map(([name, port]) => [name, facts.inputs?.[name] ?? samplesFor(port)]),
  );
  const options = facts.options ?? exampleOptions(stage.options as OptionSchemas);
  let usual: Promise<BenchOutcome> | undefined;
  const bench: Bench = {
    stage,
    inputs,
    memory: new Map(
      Object.values(inputs)
        .flat(2)
        .map((batch) => [batch, memoryOf(batch)]),
    ),
    streams: ports.filter(([, { delivery }]) => delivery === "stream").map(([name]) => name),
    silent: facts.silent ?? [],
    seconds,
    usual: () => {
      usual ??= bench.run();
      return usual;
    },
    run: async (change = {}) => {
      const runFolder = await mkdtemp(join(folder, "run-"));
      const given = {
        options,
        inputs,
        engine,
        runFolder,
        ...(facts.folder === undefined ? {} : { folder: facts.folder }),
      };
      const start = performance.now();
      let tell: (cause: unknown) => void = () => undefined;
      const unhandled = new Promise<never>((_, reject) => {
        tell = (cause) =>
          reject(new Error(`nobody handled what it threw, or a promise it did not await: ${textOf(cause)}`));
      });
      unhandled.catch(() => undefined);
      const ignore = onUnhandled(tell);
      const late = deadline();
      late.start(seconds, `it did not end in ${seconds} s`);
      watchdog.allow(seconds);
      try {
        const running = runStage(stage, { ...given, ...change });
        const outcome = await Promise.race([running, late.passed, unhandled]);
        const milliseconds = performance.now() - start;
        // Rejections that nobody handles are told of after this turn.
        await Promise.race([new Promise((resolve) => setImmediate(resolve)), unhandled]);
        return { ...outcome, runFolder, milliseconds };
      } finally {
        watchdog.rest();
        late.stop();
        ignore();
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
  return bench;
}

/** A trial that had not ended when its time was over. */
export class TooLate extends Error {}

/** A time limit: `passed` rejects with TooLate that many seconds after `start`, unless `stop` comes before. */
export function deadline() {
  let timer: NodeJS.Timeout | undefined;
  let pass: (error: TooLate) => void = () => undefined;
  const passed = new Promise<never>((_, reject) => {
    pass = reject;
  });
  return {
    passed,
    start: (seconds: number, reason: string) => {
      timer = setTimeout(() => pass(new TooLate(reason)), seconds * 1000);
    },
    stop: () => clearTimeout(timer),
  };
}

/** The bench's inputs with every stream made anew by `make`; gathered inputs stay. */
export function remade(
  { inputs, streams }: Bench,
  make: (batches: readonly RecordBatch[]) => Batches,
): Readonly<Record<string, readonly Batches[]>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, offers]) => [
      name,
      streams.includes(name) ? offers.map(make) : offers,
    ]),
  );
}
