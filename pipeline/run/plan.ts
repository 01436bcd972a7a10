import { resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { EngineRates, PlannedInput, StagePlan } from "../stage.js";
import type { PipelinePlan, PlannedStage } from "./outcome.js";

/** What is known of the machine a run is planned for. */
export interface PlanRequest {
  /** Bytes. */
  readonly memoryLimit: number;
  /** Of the engine that will compute; absent: of an ordinary one. */
  readonly rates?: EngineRates;
}

/** Two cores of 2020. */
export const ordinaryRates: EngineRates = { network: 1e11, held: 1e11, algebra: 4e10, reduction: 3.5e9 };

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
    const offers = plannedOffers(pipeline, name, plans);
    const context = {
      place: `stages.${name}`,
      inputs: Object.fromEntries(Object.entries(offers).map(([port, [first]]) => [port, first])),
      offers,
      rates: request.rates ?? ordinaryRates,
      memoryLimit: request.memoryLimit,
      resolvePath: (path: string) => resolve(pipeline.folder, path),
    };
    const { plan = {}, error } = await planOrError(async () => definition.plan?.(options, context));
    plans.set(name, plan);
    stages.push({ name, uses, options, plan, ...(error === undefined ? {} : { error }) });
  }
  return {
    stages,
    memoryBytes: total(stages.map(({ plan }) => plan.memoryBytes)),
    flops: total(stages.map(({ plan }) => plan.work?.flops)),
    seconds: total(stages.map(({ plan }) => plan.work?.seconds)),
  };
}

/** Of those that are known; undefined when none is. */
function total(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, number) => sum + number, 0);
}

async function planOrError(
  plan: () => Promise<StagePlan | undefined>,
): Promise<{ readonly plan?: StagePlan; readonly error?: JacoflowError }> {
  try {
    return { plan: (await plan()) ?? {} };
  } catch (error) {
    if (!(error instanceof JacoflowError)) throw error;
    return { error };
  }
}

function plannedOffers(
  { wires }: ResolvedPipeline,
  stage: string,
  plans: ReadonlyMap<string, StagePlan>,
): Readonly<Record<string, readonly PlannedInput[]>> {
  const offers: Record<string, PlannedInput[]> = {};
  for (const { from, to, table } of wires.filter((wire) => wire.to.stage === stage)) {
    const known = plans.get(from.stage)?.outputs?.[from.port] ?? {};
    offers[to.port] = [...(offers[to.port] ?? []), { ...known, origin: { ...from, table } }];
  }
  return offers;
}

/** Errors: MEMORY_LIMIT when the stages' own estimates add up to more than `limit` bytes. */
function checkMemory(plan: PipelinePlan, limit: number): void {
  if (plan.memoryBytes === undefined || plan.memoryBytes <= limit) return;
  const [largest] = [...plan.stages].sort(
    (left, right) => (right.plan.memoryBytes ?? 0) - (left.plan.memoryBytes ?? 0),
  );
  throw runErrors.memoryLimit(plan.memoryBytes, limit, largest.name);
}

/** What the plans of stages show that a run would end with. */
export class PlannedErrors extends AggregateError {
  readonly found: readonly { readonly stage: string; readonly error: JacoflowError }[];

  constructor(found: PlannedErrors["found"]) {
    const errors = found.map(({ error }) => error);
    super(errors, errors.map(({ message }) => message).join("\n"));
    this.name = "PlannedErrors";
    this.found = found;
  }
}

export function plannedErrors({ stages }: PipelinePlan): PlannedErrors["found"] {
  return stages.flatMap(({ name, error }) => (error === undefined ? [] : [{ stage: name, error }]));
}

/** Errors: PlannedErrors; MEMORY_LIMIT when the stages' own estimates add up to more than `limit` bytes. */
export function checkPlan(plan: PipelinePlan, limit: number): void {
  const found = plannedErrors(plan);
  if (found.length > 0) throw new PlannedErrors(found);
  checkMemory(plan, limit);
}
