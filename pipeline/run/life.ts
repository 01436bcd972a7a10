import { join } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { addressText } from "../graph/offers.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import { type Engine, storeShare } from "../stage.js";
import { Breather } from "./breather.js";
import { type Connections, connect } from "./connections.js";
import { stageContext } from "./context.js";
import { EngineOnDemand } from "./engineOnDemand.js";
import { runFiles } from "./folder.js";
import type { RunLog } from "./log.js";
import type { PipelinePlan, RunOutcome, RunRequest, StageTiming } from "./outcome.js";
import { isStop, within } from "./stopping.js";
import { SpillingStore } from "./store.js";
import { Teller } from "./teller.js";

const defaultPatience = { stopSeconds: 10, flushSeconds: 120 };

type Ending = RunOutcome["outcome"];

/** The life of one run: its stages, their connections, and how it ends. */
export class Run {
  readonly #pipeline: ResolvedPipeline;
  readonly #request: RunRequest;
  /** Bytes, of each stage. */
  readonly #memoryLimits: ReadonlyMap<string, number>;
  readonly #connections: Connections;
  readonly #teller: Teller;
  readonly #engine: EngineOnDemand;
  readonly #stores: SpillingStore[] = [];
  readonly #timings = new Map<string, StageTiming>();
  /** Aborts when the run ends early: for all stages but sinks. */
  readonly #stop = new AbortController();
  /** Aborts when sinks had their time to flush. */
  readonly #stopSinks = new AbortController();
  #ending: Ending = "done";
  #failure: JacoflowError | undefined;

  constructor(pipeline: ResolvedPipeline, request: RunRequest, plan: PipelinePlan) {
    this.#pipeline = pipeline;
    this.#request = request;
    this.#memoryLimits = new Map(plan.stages.map(({ name, memoryLimit }) => [name, memoryLimit]));
    this.#teller = new Teller(request.observers ?? [], pipeline.secrets);
    this.#engine = new EngineOnDemand(async () => {
      const engine = await request.createEngine();
      this.#teller.say("info", "engine started", { engine: engine.name, threads: engine.threads });
      return engine;
    });
    this.#connections = connect(
      pipeline,
      new Breather(),
      (wire) =>
        this.#makeStore(`edge-${addressText(wire.from)}-${addressText(wire.to)}`, request.memoryLimit),
      (origin, batch) => this.#teller.notify({ kind: "batch-sent", origin, batch }),
    );
  }

  /** The first error. */
  get failure(): JacoflowError | undefined {
    return this.#failure;
  }

  /** Undefined if no stage asked for it. */
  get engine(): Engine | undefined {
    return this.#engine.engine;
  }

  /** Runs all stages to the end; called once. */
  async live(log: RunLog): Promise<RunOutcome> {
    this.#teller.writeTo(log);
    const { signal, runFolder } = this.#request;
    const cancel = () => this.#end("cancelled");
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      const stages = this.#pipeline.stages.map(({ name }) => name);
      const edges = () => this.#connections.edges.map((edge) => edge.statistics);
      this.#teller.notify({ kind: "run-started", name: this.#pipeline.name, runFolder, stages, edges });
      this.#teller.say("info", "run started", { name: this.#pipeline.name, seed: this.#pipeline.seed });
      for (const warning of this.#pipeline.warnings) this.#teller.say("warning", warning.message);
      if (signal?.aborted === true) cancel();
      await this.#runStages();
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
    await this.#engine
      .close()
      .catch((error) => this.#teller.say("warning", "the engine did not close", { reason: String(error) }));
    await Promise.all(this.#stores.map((store) => store.close()));
    for (const edge of this.#connections.edges) this.#teller.say("debug", "edge", { ...edge.statistics });
    const seconds = this.#teller.seconds;
    this.#teller.say(this.#ending === "failed" ? "error" : "info", `run ${this.#ending}`, {
      seconds,
      ...(this.#failure === undefined ? {} : { code: this.#failure.code, error: this.#failure.message }),
    });
    this.#teller.notify({ kind: "run-ended", seconds, outcome: this.#ending });
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
    this.#teller.say(
      "error",
      error.message,
      { code: error.code, ...(stack === undefined ? {} : { stack }) },
      stage,
    );
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
    const { signal } = this.#stop;
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await Promise.race([all, stopped]);
    if (!signal.aborted) return;

    const { stopSeconds, flushSeconds } = this.#request.patience ?? defaultPatience;

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
      this.#teller.say("warning", "did not stop in time", {}, stage.name);
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
      startSeconds = this.#teller.seconds;
      this.#teller.notify({ kind: "stage-started", stage: name, seconds: startSeconds });
      this.#teller.say("debug", "stage started", {}, name);
      const memoryLimit = this.#memoryLimits.get(name) ?? this.#request.memoryLimit;
      // The declaration's own types tie inputs, outputs and options together; here they are any stage's.
      await Promise.race([
        stage.definition.run(
          inputs as never,
          outputs,
          stageContext(stage, outputs, signal, {
            pipeline: this.#pipeline,
            request: this.#request,
            teller: this.#teller,
            stopping: this.#stop.signal,
            startEngine: () => this.#engine.start(),
            memoryLimit,
            makeStore: (store) => this.#makeStore(store, memoryLimit),
          }),
        ),
        broken,
      ]);
      for (const output of Object.values(outputs)) output.end();
      // It noticed and left quietly: what it sent is not all there would have been.
      if (this.#stop.signal.aborted && signal === this.#stop.signal) outcome = "cancelled";
    } catch (error) {
      // Whoever waits for this stage's tables is told by the end of the run.
      outcome = this.#stop.signal.aborted ? this.#endOfStopped(name, error, signal) : "failed";
      if (outcome === "failed") this.fail(name, error);
    }
    // One that was given up has its ending already.
    if (this.#timings.has(name)) return;
    for (const edge of this.#connections.edges) {
      if (edge.wire.to.stage === name) edge.detach();
    }
    const endSeconds = this.#teller.seconds;
    this.#timings.set(name, { stage: name, startSeconds, endSeconds, outcome });
    this.#teller.notify({ kind: "stage-ended", stage: name, seconds: endSeconds, outcome });
    this.#teller.say(
      "debug",
      `stage ${outcome}`,
      { seconds: endSeconds - (startSeconds ?? endSeconds) },
      name,
    );
  }

  /** How a stage ended that threw when the run was already ending: only sinks have work left that can fail. */
  #endOfStopped(stage: string, error: unknown, signal: AbortSignal): Ending {
    if (isStop(error, this.#stop.signal, signal)) return "cancelled";
    if (signal === this.#stopSinks.signal) return "failed";
    this.#teller.say("warning", "threw after it was stopped", { error: String(error) }, stage);
    return "cancelled";
  }

  /** The first ending counts, except that an error on the way to another end is an error. */
  #end(ending: "failed" | "cancelled"): void {
    const stopping = this.#stop.signal.aborted;
    if (!stopping || ending === "failed") this.#ending = ending;
    if (stopping) return;
    const stopped = runErrors.stopped(this.#failure);
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

  #makeStore(name: string, memoryLimit: number): SpillingStore {
    const folder = join(this.#request.runFolder, runFiles.temporary);
    const store = new SpillingStore(folder, name, memoryLimit * storeShare);
    this.#stores.push(store);
    return store;
  }
}
