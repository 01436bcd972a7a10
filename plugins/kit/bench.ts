import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import type { Engine } from "../../engine/engine.js";
import type { InputPort } from "../../pipeline/stage.js";
import { sampleBatches } from "./samples.js";
import { type AnyStage, type Batches, runStage, type StageOutcome, type StageTrial } from "./trial.js";

/** How one stage is tried: options, and batches where the samples will not do. */
export interface StageTrialFacts {
  readonly options?: Readonly<Record<string, unknown>>;
  /** By port, one list an offer; other ports get the samples of their table. */
  readonly inputs?: Readonly<Record<string, readonly (readonly RecordBatch[])[]>>;
  /** Where relative paths of the options start. */
  readonly folder?: string;
}

/** What the laws put a stage on. */
export interface Bench {
  readonly stage: AnyStage;
  /** What every port reads, one list an offer. */
  readonly inputs: Readonly<Record<string, readonly (readonly RecordBatch[])[]>>;
  /** Names of the ports it reads batch by batch. */
  readonly streams: readonly string[];
  readonly seconds: number;
  /** Runs the stage in a run folder of its own. Fails when it has not ended in time. */
  run(change?: StageTrial): Promise<StageOutcome & { readonly runFolder: string }>;
  close(): Promise<void>;
}

/** Options for a trial: the examples of what has no default and has to be given. */
function exampleOptions(stage: AnyStage): Readonly<Record<string, unknown>> {
  const { properties = {}, required = [] } = stage.options as {
    readonly properties?: Readonly<
      Record<string, { readonly examples?: readonly unknown[]; readonly default?: unknown }>
    >;
    readonly required?: readonly string[];
  };
  return Object.fromEntries(
    required
      .filter((name) => properties[name].default === undefined && properties[name].examples !== undefined)
      .map((name) => [name, properties[name].examples?.[0]]),
  );
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
): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-check-"));
  const ports = Object.entries(stage.inputs as Readonly<Record<string, InputPort>>);
  const inputs = Object.fromEntries(
    ports.map(([name, port]) => [name, facts.inputs?.[name] ?? samplesFor(port)]),
  );
  const options = facts.options ?? exampleOptions(stage);
  return {
    stage,
    inputs,
    streams: ports.filter(([, { delivery }]) => delivery === "stream").map(([name]) => name),
    seconds,
    run: async (change = {}) => {
      const runFolder = await mkdtemp(join(folder, "run-"));
      const given = {
        options,
        inputs,
        engine,
        runFolder,
        ...(facts.folder === undefined ? {} : { folder: facts.folder }),
      };
      const running = runStage(stage, { ...given, ...change });
      const { inTime, late } = deadline(seconds, `it did not end in ${seconds} s`);
      try {
        return { ...(await Promise.race([running, late])), runFolder };
      } finally {
        inTime();
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A trial that had not ended when its time was over. */
export class TooLate extends Error {}

/** Rejects after some seconds unless `inTime` is called. */
function deadline(seconds: number, reason: string) {
  let inTime: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new TooLate(reason)), seconds * 1000);
    inTime = () => clearTimeout(timer);
  });
  return { inTime, late };
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
