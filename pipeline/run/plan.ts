import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { PipelinePlan } from "./outcome.js";

/** What a run would do and need, as far as its stages can say before it (`--dry-run`). Touches nothing. */
export function planPipeline(pipeline: ResolvedPipeline): PipelinePlan {
  const byName = new Map(pipeline.stages.map((stage) => [stage.name, stage]));
  const stages = pipeline.order.map((name) => {
    const { uses, options, definition } = byName.get(name)!;
    return { name, uses, options, plan: definition.plan?.(options) ?? {} };
  });
  const known = stages.flatMap(({ plan }) => (plan.memoryBytes === undefined ? [] : [plan.memoryBytes]));
  return {
    stages,
    memoryBytes: known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Errors: MEMORY_LIMIT when the stages' own estimates add up to more than `limit` bytes. */
export function checkMemory(plan: PipelinePlan, limit: number): void {
  if (plan.memoryBytes === undefined || plan.memoryBytes <= limit) return;
  const [largest] = [...plan.stages].sort(
    (left, right) => (right.plan.memoryBytes ?? 0) - (left.plan.memoryBytes ?? 0),
  );
  throw runErrors.memoryLimit(plan.memoryBytes, limit, largest.name);
}
