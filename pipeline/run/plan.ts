import { resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { EngineRates, PlannedTable, StagePlan } from "../stage.js";
import type { PipelinePlan, PlannedStage } from "./outcome.js";

/** What is known of the machine a run is planned for. */
export interface PlanRequest {
  /** Bytes. */
  readonly memoryLimit: number;
  /** Of the engine that will compute; absent: of an ordinary one. */
  readonly rates?: EngineRates;
}

/** Two cores of 2020. */
const ordinaryRates: EngineRates = { network: 1e11, held: 1e11, algebra: 4e10, reduction: 3.5e9 };

/**
 * What a run would do and need, as far as its stages can say before it (`--dry-run`): each plans from what those before
 * it said of their outputs. Files may be read, none is written.
 */
export async function planPipeline(pipeline: ResolvedPipeline, request: PlanRequest): Promise<PipelinePlan> {
  const byName = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  const plans = new Map<string, StagePlan>();
  const stages: PlannedStage[] = [];
  for (const name of pipeline.order) {
    const { uses, options, definition } = byName.get(name)!;
    const context = {
      place: `stages.${name}`,
      inputs: plannedInputs(pipeline, name, plans),
      rates: request.rates ?? ordinaryRates,
      memoryLimit: request.memoryLimit,
      resolvePath: (path: string) => resolve(pipeline.folder, path),
    };
    let plan: StagePlan = {};
    let error: JacoflowError | undefined;
    try {
      plan = (await definition.plan?.(options, context)) ?? {};
    } catch (thrown) {
      if (!(thrown instanceof JacoflowError)) throw thrown;
      error = thrown;
    }
    plans.set(name, plan);
    stages.push({ name, uses, options, plan, ...(error === undefined ? {} : { error }) });
  }
  const known = stages.flatMap(({ plan }) => (plan.memoryBytes === undefined ? [] : [plan.memoryBytes]));
  return {
    stages,
    memoryBytes: known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0),
  };
}

function plannedInputs(
  { wires }: ResolvedPipeline,
  stage: string,
  plans: ReadonlyMap<string, StagePlan>,
): Readonly<Record<string, PlannedTable | undefined>> {
  const inputs: Record<string, PlannedTable | undefined> = {};
  for (const { from, to } of wires) {
    if (to.stage === stage) inputs[to.port] ??= plans.get(from.stage)?.outputs?.[from.port];
  }
  return inputs;
}

/** Errors: MEMORY_LIMIT when the stages' own estimates add up to more than `limit` bytes. */
export function checkMemory(plan: PipelinePlan, limit: number): void {
  if (plan.memoryBytes === undefined || plan.memoryBytes <= limit) return;
  const [largest] = [...plan.stages].sort(
    (left, right) => (right.plan.memoryBytes ?? 0) - (left.plan.memoryBytes ?? 0),
  );
  throw runErrors.memoryLimit(plan.memoryBytes, limit, largest.name);
}
