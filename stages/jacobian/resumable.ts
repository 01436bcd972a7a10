import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Engine, Matrix, Model } from "../../engine/engine.js";
import { computeSpectrum, type Spectrum, type SpectrumOptions } from "../../engine/spectrum/spectrum.js";
import type { StageContext } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { digestOf } from "../../schemas/digest.js";
import type { Examples } from "../examples.js";
import { diskFiles } from "../sinks/files.js";
import type { Snapshot } from "../snapshot.js";
import { type Checkpoint, type Identity, type SweepTime, spectrumCheckpoint } from "./checkpoint.js";
import type { SpectrumStageOptions } from "./options.js";

type Context = StageContext<SpectrumStageOptions>;

/**
 * The spectrum of one Jacobian, from the last checkpoint of a run that was cut off when there is one, to the same numbers.
 * The log gets why the method was chosen and how long every sweep took; the progress counts the examples of all sweeps.
 * The checkpoint is left for the caller to remove. Errors: those of `computeSpectrum` and `spectrumCheckpoint`.
 */
export async function resumableSpectrum(
  model: Model,
  { step, parameters }: Snapshot,
  { split, features }: Examples,
  earlier: Pick<SpectrumOptions, "grams" | "start" | "keptBytes">,
  context: Context,
): Promise<Spectrum & { readonly checkpoint: Checkpoint }> {
  const { rank, method, precision, tolerance, maxSweeps, blockSize } = context.options;
  const engine = await context.engine();
  const seed = context.seed(`block ${split} ${step}`);
  const what = `Jacobian of step ${step}, ${split}`;
  const times: SweepTime[] = [];
  const clock = sweepClock();
  const checkpoint = spectrumCheckpoint({
    folder: folderOf(context, split, step),
    identity: () => identityOf({ model, parameters, features, start: earlier.start, seed, engine, context }),
    seconds: context.options.checkpointSeconds,
    files: diskFiles,
    times,
    warn: (message) => context.log("warning", `${what}: ${message}`),
    resumed: (sweeps) =>
      context.log("info", `${what}: goes on after sweep ${sweeps}, which a checkpoint holds`),
  });
  // The state before stays on the disk: what is lost is work, and only if the run is killed.
  const goOn = (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    context.log("warning", `${what}: no checkpoint was kept, the run goes on: ${reason}`);
  };
  const total = features.rows;
  let round = { sweep: 1, expected: 1 };
  const options: SpectrumOptions = {
    ...{ rank, method, precision, tolerance, seed },
    ...{ rates: engine.rates, memoryLimit: context.memoryLimit },
    ...(maxSweeps === undefined ? {} : { maxSweeps }),
    ...(blockSize === undefined ? {} : { blockSize }),
    keeper: {
      restore: checkpoint.restore,
      keep: (state) => {
        times.push(clock.lap());
        return checkpoint.keep(state).catch(goOn);
      },
    },
    onSweepStart: (sweep, expected) => {
      round = { sweep, expected };
      clock.start();
    },
    ...earlier,
  };
  const found = await computeSpectrum(model, engine.algebra, features, options, {
    signal: context.signal,
    onSweep: (seconds) => context.log("debug", "sweep", { step, split, seconds }),
    onProgress: (done) => {
      const { sweep, expected } = round;
      const phase = expected > 1 ? `sweep ${sweep} of about ${expected}` : undefined;
      context.progress((sweep - 1) * total + Math.min(done, total), expected * total, "examples", phase);
    },
  }).catch(async (error: unknown) => {
    if (context.signal.aborted) await checkpoint.keepLatest().catch(goOn);
    throw error;
  });
  if (found.sweeps > times.length) times.push(clock.lap());
  const { sweeps, memoryBytes } = found;
  const facts = { step, split, sweeps, memoryBytes, largest: found.singularValues[0], times };
  context.log("info", `${what}: ${found.reason}`, facts);
  if (!found.converged) {
    const message = `${what}: ${found.sweeps} sweeps, as many as maxSweeps and the memory limit allow, did not reach the tolerance ${tolerance}; residual_bound says how good each value is`;
    context.log("warning", message, facts);
  }
  return { ...found, checkpoint };
}

/** Takes away what was kept of a Jacobian that is done with. */
export async function removeCheckpoint(context: Context, split: Split, step: number): Promise<void> {
  await rm(folderOf(context, split, step), { recursive: true, force: true });
}

function folderOf({ checkpointFolder }: Context, split: Split, step: number): string {
  return join(checkpointFolder, `${split}-${step}`);
}

function sweepClock(): { start(): void; lap(): SweepTime } {
  let at = performance.now();
  let used = process.cpuUsage();
  return {
    start: () => {
      at = performance.now();
      used = process.cpuUsage();
    },
    lap: () => {
      const { user, system } = process.cpuUsage(used);
      return { seconds: (performance.now() - at) / 1000, processorSeconds: (user + system) / 1e6 };
    },
  };
}

/** All that the numbers of a spectrum depend on. */
async function identityOf(of: {
  readonly model: Model;
  readonly parameters: Float32Array;
  readonly features: Matrix;
  readonly start: Matrix | undefined;
  readonly seed: string;
  readonly engine: Engine;
  readonly context: Context;
}): Promise<Identity> {
  const { name, threads, versions } = of.engine;
  // When it is kept changes no number.
  const { checkpointSeconds, ...options } = of.context.options;
  return {
    network: JSON.stringify(of.model.network),
    parameters: await digestOf(of.parameters),
    examples: await digestOf(of.features.values),
    options: JSON.stringify({ ...options, seed: of.seed }),
    start: of.start === undefined ? "random" : await digestOf(of.start.values),
    engine: JSON.stringify({ name, threads, versions }),
  };
}
