import type { ResolvedPipeline, Wire } from "../graph/resolved.js";
import type { PipelinePlan } from "../run/outcome.js";
import { planPipeline } from "../run/plan.js";
import { memoryText } from "./memorySize.js";

/** The plan of `--dry-run` for people: the stages in the order they start, what they read, need and say. */
export async function planText(pipeline: ResolvedPipeline, memoryLimit: number): Promise<string> {
  const plan = planPipeline(pipeline);
  const lines = [`${pipeline.name}: seed ${pipeline.seed}, engine ${pipeline.engine}`];
  for (const stage of plan.stages) {
    lines.push("", `${stage.name} (${stage.uses})`);
    for (const wire of pipeline.wires.filter((candidate) => candidate.to.stage === stage.name)) {
      lines.push(`  reads ${wireText(wire)}`);
    }
    if (stage.plan.memoryBytes !== undefined) lines.push(`  needs ${memoryText(stage.plan.memoryBytes)}`);
    for (const note of stage.plan.notes ?? []) lines.push(`  ${note}`);
  }
  lines.push("", memoryLine(plan, memoryLimit));
  return `${lines.join("\n")}\n`;
}

function wireText(wire: Wire): string {
  const how =
    wire.delivery === "whole" ? "whole" : `batch by batch, at most ${wire.capacity} waiting, ${wire.policy}`;
  return `${wire.table} from ${wire.from.stage}.${wire.from.port} (${how})`;
}

function memoryLine(plan: PipelinePlan, memoryLimit: number): string {
  const limit = `limit ${memoryText(memoryLimit)}`;
  if (plan.memoryBytes === undefined) return `memory: no stage knows before it has its data; ${limit}`;
  return `memory: ${memoryText(plan.memoryBytes)} known before the run; ${limit}`;
}

/** The same as data. */
export async function planFacts(
  pipeline: ResolvedPipeline,
  memoryLimit: number,
): Promise<Readonly<Record<string, unknown>>> {
  const plan = planPipeline(pipeline);
  return {
    name: pipeline.name,
    seed: pipeline.seed,
    engine: pipeline.engine,
    stages: plan.stages,
    edges: pipeline.wires,
    ...(plan.memoryBytes === undefined ? {} : { memoryBytes: plan.memoryBytes }),
    memoryLimit,
  };
}
