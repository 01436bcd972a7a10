import { resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { EngineRates, PlannedInput, StagePlan } from "../stage.js";
import type { PipelinePlan, PlannedStage, PlanRequest } from "./outcome.js";

/**
 * Of a limit on a whole process, the share and the bytes left free: estimates are off by some per cent and by what the
 * garbage collector leaves for later, and a limit must not be passed.
 */
const freeShare = 0.1;
const freeBytes = 64e6;

/** Bytes a plan may come to: the limit, or where it is one on a whole process what is not kept free of it. */
export function usableMemory({ memoryLimit, programBytes }: PlanRequest): number {
  return programBytes === undefined
    ? memoryLimit
    : Math.max(0, Math.floor((1 - freeShare) * memoryLimit - freeBytes));
}

/** Two cores of 2020. */
export const ordinaryRates: EngineRates = { network: 1e11, held: 1e11, algebra: 4e10, reduction: 3.5e9 };

/**
 * What a run would do and need, as far as its stages can say before it (`--dry-run`): each plans from what those before
 * it said of their outputs. Files may be read, none is written. Where the quickest ways of all stages do not fit the
 * limit together, one stage after another is planned with what the others leave.
 */
export async function planPipeline(pipeline: ResolvedPipeline, request: PlanRequest): Promise<PipelinePlan> {
  const usable = usableMemory(request) - (request.programBytes ?? 0);
  let limits: ReadonlyMap<string, number> = new Map();
  let stages = await planStages(pipeline, request, usable, limits);
  for (const name of pipeline.order) {
    const needed = total(stages.map(({ plan }) => plan.memoryBytes)) ?? 0;
    if (needed <= usable || stages.some(({ error }) => error !== undefined)) break;
    const own = stages.find((stage) => stage.name === name)?.plan.memoryBytes ?? 0;
    const tried = new Map(limits).set(name, Math.max(0, usable - (needed - own)));
    const smaller = await planStages(pipeline, request, usable, tried);
    const taken = total(smaller.map(({ plan }) => plan.memoryBytes)) ?? 0;
    if (taken >= needed || smaller.some(({ error }) => error !== undefined)) continue;
    [stages, limits] = [smaller, tried];
  }
  const held = total(stages.map(({ plan }) => plan.memoryBytes));
  return {
    stages: withShares(stages, usable - (held ?? 0)),
    memoryBytes: held === undefined ? undefined : held + (request.programBytes ?? 0),
    flops: total(stages.map(({ plan }) => plan.work?.flops)),
    seconds: total(stages.map(({ plan }) => plan.work?.seconds)),
  };
}

/**
 * Stages with the limits they run within: their own plan and of the `left` bytes a share. A stage about a matrix
 * (`work.bytes`) chooses its way by its limit and may take more sweeps within it, with rates of another engine another
 * way: such stages share what is left, as their plans are large. The others need what they need.
 */
function withShares(stages: readonly PlannedStage[], left: number): readonly PlannedStage[] {
  const growing = ({ plan }: PlannedStage) => (plan.work?.bytes === undefined ? 0 : (plan.memoryBytes ?? 0));
  const together = stages.reduce((sum, stage) => sum + growing(stage), 0);
  return stages.map((stage) => {
    const own = growing(stage);
    const share = own === 0 ? left : Math.floor((left * own) / together);
    const memoryLimit = Math.max(0, Math.min(stage.memoryLimit, share + (stage.plan.memoryBytes ?? 0)));
    return { ...stage, memoryLimit };
  });
}

/** All stages, each within its own limit or, without one, within `usable` bytes. */
async function planStages(
  pipeline: ResolvedPipeline,
  { rates = ordinaryRates }: PlanRequest,
  usable: number,
  limits: ReadonlyMap<string, number>,
): Promise<readonly PlannedStage[]> {
  const byName = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  const plans = new Map<string, StagePlan>();
  const stages: PlannedStage[] = [];
  for (const name of pipeline.order) {
    const { uses, options, definition } = byName.get(name)!;
    const offers = plannedOffers(pipeline, name, plans);
    const memoryLimit = limits.get(name) ?? usable;
    const context = {
      place: `stages.${name}`,
      inputs: Object.fromEntries(Object.entries(offers).map(([port, [first]]) => [port, first])),
      offers,
      rates,
      memoryLimit,
      resolvePath: (path: string) => resolve(pipeline.folder, path),
    };
    const { plan = {}, error } = await planOrError(async () => definition.plan?.(options, context));
    plans.set(name, plan);
    stages.push({ name, uses, options, memoryLimit, plan, ...(error === undefined ? {} : { error }) });
  }
  return stages;
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
