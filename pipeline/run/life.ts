import { isAbsolute, join, resolve } from "node:path";
import type { Engine } from "../../engine/engine.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { addressText } from "../graph/offers.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import type { BatchStore, LogLevel, StageContext } from "../stage.js";
import { Breather } from "./breather.js";
import { type Connections, connect } from "./connections.js";
import { runFiles } from "./folder.js";
import type { RunLog } from "./log.js";
import type { RunOutcome, RunRequest, StageTiming } from "./outcome.js";
import type { LogEntry, RunEvent } from "./progress.js";
import { stageSeed } from "./seed.js";
import { SpillingStore } from "./store.js";

/** How long a stopped stage may take to notice, and a sink to write what it was given. */
const stopSeconds = 10;
const flushSeconds = 120;
/** Of the run's memory limit, for one store. */
const storeShare = 1 / 16;

type Ending = RunOutcome["outcome"];

/** The life of one run: its stages, their connections, and how it ends. */
export class Run {
  readonly #pipeline: ResolvedPipeline;
  readonly #request: RunRequest;
  readonly #connections: Connections;
  readonly #stores: SpillingStore[] = [];
  readonly #timings = new Map<string, StageTiming>();
  /** Aborts when the run ends early: for all stages but sinks. */
  readonly #stop = new AbortController();
  /** Aborts when sinks had their time to flush. */
  readonly #stopSinks = new AbortController();
  readonly #start = performance.now();
  #ending: Ending = "done";
  #failure: JacoflowError | undefined;
  #starting: Promise<Engine> | undefined;
  #engine: Engine | undefined;
  #log: RunLog | undefined;

  constructor(pipeline: ResolvedPipeline, request: RunRequest) {
    this.#pipeline = pipeline;
    this.#request = request;
    this.#connections = connect(pipeline, new Breather(), (wire) =>
      this.#makeStore(`edge-${addressText(wire.from)}-${addressText(wire.to)}`),
    );
  }

  /** The first error. */
  get failure(): JacoflowError | undefined {
    return this.#failure;
  }

  /** Undefined if no stage asked for it. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  /** Runs all stages to the end; called once. */
  async live(log: RunLog): Promise<RunOutcome> {
    this.#log = log;
    const { signal, runFolder } = this.#request;
    const cancel = () => this.#end("cancelled");
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const stages = this.#pipeline.stages.map(({ name }) => name);
      this.#notify({ kind: "run-started", name: this.#pipeline.name, runFolder, stages });
      this.#say("info", "run started", { name: this.#pipeline.name, seed: this.#pipeline.seed });
      for (const warning of this.#pipeline.warnings) this.#say("warning", warning);
      if (signal?.aborted === true) cancel();
      await this.#runStages();
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
    await this.#closeEngine();
    await Promise.all(this.#stores.map((store) => store.close()));
    for (const edge of this.#connections.edges) this.#say("debug", "edge", { ...edge.statistics });
    const seconds = this.#seconds();
    this.#say(this.#ending === "failed" ? "error" : "info", `run ${this.#ending}`, {
      seconds,
      ...(this.#failure === undefined ? {} : { code: this.#failure.code, error: this.#failure.message }),
    });
    this.#notify({ kind: "run-ended", seconds, outcome: this.#ending });
    return {
      outcome: this.#ending,
      error: this.#failure,
      runFolder,
      seconds,
      stages: this.#pipeline.stages.map(({ name }) => this.#timings.get(name)!),
      edges: this.#connections.edges.map((edge) => edge.statistics),
    };
  }

  /** Ends the run with an error of a stage, or of the run itself. Only the first one counts; others are logged. */
  fail(stage: string | undefined, cause: unknown): void {
    const error =
      stage !== undefined || !(cause instanceof JacoflowError)
        ? runErrors.stageFailed(stage ?? "run", cause)
        : cause;
    const stack = cause instanceof Error && !(cause instanceof JacoflowError) ? cause.stack : undefined;
    this.#say("error", error.message, { code: error.code, ...(stack === undefined ? {} : { stack }) }, stage);
    this.#failure ??= error;
    this.#end("failed");
  }

  async #runStages(): Promise<void> {
    const isSink = ({ definition }: ResolvedStage) => Object.keys(definition.outputs).length === 0;
    const started = this.#pipeline.stages.map((stage) => ({
      stage,
      sink: isSink(stage),
      ended: this.#runStage(stage, isSink(stage) ? this.#stopSinks.signal : this.#stop.signal),
    }));
    const all = Promise.all(started.map(({ ended }) => ended));
    const stopped = new Promise<void>((resolve) => {
      this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([all, stopped]);
    if (!this.#stop.signal.aborted) return;

    const working = started.filter(({ sink }) => !sink);
    const flushing = started.filter(({ sink }) => sink);
    const inTime = await Promise.all([
      within(stopSeconds, Promise.all(working.map(({ ended }) => ended))),
      within(flushSeconds, Promise.all(flushing.map(({ ended }) => ended))),
    ]);
    if (!inTime[1]) {
      this.#stopSinks.abort(runErrors.stopped());
      await within(stopSeconds, Promise.all(flushing.map(({ ended }) => ended)));
    }
    for (const { stage } of started) {
      if (this.#timings.has(stage.name)) continue;
      this.#say("warning", "did not stop in time", {}, stage.name);
      this.#timings.set(stage.name, {
        stage: stage.name,
        startSeconds: undefined,
        endSeconds: undefined,
        outcome: "cancelled",
      });
    }
  }

  async #runStage(stage: ResolvedStage, signal: AbortSignal): Promise<void> {
    const { name } = stage;
    const outputs = this.#connections.outputs.get(name)!;
    let startSeconds: number | undefined;
    let outcome: Ending = "done";
    try {
      let uncaught: ((error: unknown) => void) | undefined;
      const broken = new Promise<never>((_, reject) => {
        uncaught = reject;
      });
      broken.catch(() => undefined);
      const inputs = await this.#connections.inputsOf(stage, uncaught!);
      if (this.#stop.signal.aborted && signal === this.#stop.signal) throw this.#stop.signal.reason;
      startSeconds = this.#seconds();
      this.#notify({ kind: "stage-started", stage: name, seconds: startSeconds });
      this.#say("debug", "stage started", {}, name);
      // The declaration's own types tie inputs, outputs and options together; here they are any stage's.
      await Promise.race([
        stage.definition.run(inputs as never, outputs, this.#contextOf(stage, signal)),
        broken,
      ]);
      for (const output of Object.values(outputs)) output.end();
      // It noticed and left quietly: what it sent is not all there would have been.
      if (this.#stop.signal.aborted && signal === this.#stop.signal) outcome = "cancelled";
    } catch (error) {
      const stopping = this.#stop.signal.aborted;
      outcome = stopping && isStop(error, this.#stop.signal, signal) ? "cancelled" : "failed";
      if (outcome === "failed") this.fail(name, error);
      // Whoever waits for this stage's tables is told by the end of the run.
    }
    for (const edge of this.#connections.edges) {
      if (edge.wire.to.stage === name) edge.detach();
    }
    const endSeconds = this.#seconds();
    this.#timings.set(name, { stage: name, startSeconds, endSeconds, outcome });
    this.#notify({ kind: "stage-ended", stage: name, seconds: endSeconds, outcome });
    this.#say("debug", `stage ${outcome}`, { seconds: endSeconds - (startSeconds ?? endSeconds) }, name);
  }

  #contextOf(stage: ResolvedStage, signal: AbortSignal): StageContext<never> {
    const { name } = stage;
    const { folder, document, seed, name: pipelineName } = this.#pipeline;
    const stores = new Map<string, BatchStore>();
    return {
      stage: name,
      options: stage.options as never,
      seed: (purpose) => stageSeed(seed, name, purpose),
      signal,
      engine: () => this.#startEngine(),
      resolvePath: (path) => (isAbsolute(path) ? path : resolve(folder, path)),
      runFolder: this.#request.runFolder,
      memoryLimit: this.#request.memoryLimit,
      run: { name: pipelineName, seed, file: document },
      store: (purpose) => {
        const store = stores.get(purpose) ?? this.#makeStore(`${name}-${stores.size}`);
        stores.set(purpose, store);
        return store;
      },
      log: (level, message, facts) => this.#say(level, message, facts ?? {}, name),
      progress: (done, total, unit) =>
        this.#notify({ kind: "stage-progress", stage: name, seconds: this.#seconds(), done, total, unit }),
    };
  }

  /** The first ending counts, except that an error on the way to another end is an error. */
  #end(ending: "failed" | "cancelled"): void {
    const stopping = this.#stop.signal.aborted;
    if (!stopping || ending === "failed") this.#ending = ending;
    if (stopping) return;
    const stopped = runErrors.stopped();
    this.#stop.abort(stopped);
    const sinks = new Set(
      this.#pipeline.stages
        .filter(({ definition }) => Object.keys(definition.outputs).length === 0)
        .map(({ name }) => name),
    );
    for (const outputs of this.#connections.outputs.values()) {
      for (const output of Object.values(outputs)) output.stop(stopped);
    }
    for (const edge of this.#connections.edges) {
      if (sinks.has(edge.wire.to.stage)) edge.endEarly(stopped);
      else edge.fail(stopped);
    }
  }

  #startEngine(): Promise<Engine> {
    this.#starting ??= this.#request.createEngine().then((engine) => {
      this.#engine = engine;
      this.#say("info", "engine started", { engine: engine.name, threads: engine.threads });
      return engine;
    });
    return this.#starting;
  }

  async #closeEngine(): Promise<void> {
    if (this.#starting === undefined) return;
    try {
      const engine = await this.#starting;
      await engine.close();
    } catch (error) {
      // That it would not start is the asking stage's error; that it would not end spoils nothing.
      this.#say("warning", "engine did not close", { reason: String(error) });
    }
  }

  #makeStore(name: string): SpillingStore {
    const folder = join(this.#request.runFolder, runFiles.temporary);
    const store = new SpillingStore(folder, name, this.#request.memoryLimit * storeShare);
    this.#stores.push(store);
    return store;
  }

  #seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  #say(
    level: LogLevel,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    stage?: string,
  ): void {
    const entry: LogEntry = {
      time: new Date().toISOString(),
      level,
      ...(stage === undefined ? {} : { stage }),
      message,
      ...(Object.keys(facts).length === 0 ? {} : { facts }),
    };
    this.#log?.add(entry);
    this.#notify({ kind: "log", entry });
  }

  #notify(event: RunEvent): void {
    for (const observe of this.#request.observers ?? []) {
      try {
        observe(event);
      } catch (error) {
        this.#log?.add({
          time: new Date().toISOString(),
          level: "warning",
          message: "an observer of the run threw",
          facts: { reason: String(error) },
        });
      }
    }
  }
}

/** Whether a stage's error only says that it was stopped. */
function isStop(error: unknown, ...signals: readonly AbortSignal[]): boolean {
  if (signals.some((signal) => signal.aborted && signal.reason === error)) return true;
  if (error instanceof JacoflowError) return error.code === "RUN_STOPPED";
  return error instanceof Error && error.name === "AbortError";
}

/** Whether the work was done within the time. */
async function within(seconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), seconds * 1000);
  });
  const inTime = await Promise.race([work.then(() => true as const), late]);
  clearTimeout(timer);
  return inTime;
}
