import type { ResolvedPipeline, Wire } from "../graph/resolved.js";
import type { PipelinePlan, PlannedStage } from "../run/outcome.js";
import { planPipeline, usableMemory } from "../run/plan.js";
import type { EngineRates, PlannedTable } from "../stage.js";
import type { Composition } from "./compose.js";
import { memoryText } from "./memorySize.js";
import { flopsText, totalLines, unknownStages } from "./planTotals.js";
import { expectedRates, programMemory } from "./programMemory.js";

/** A pipeline with what running it here would take. */
export interface PlannedRun {
  readonly pipeline: ResolvedPipeline;
  readonly plan: PipelinePlan;
  readonly engine: ReturnType<Composition["explainEngineChoice"]>;
  readonly memoryLimit: number;
  /** Bytes the plan may come to within the limit. */
  readonly usableMemory: number;
  /** Of the engine; of an ordinary one where it did not start. */
  readonly rates: EngineRates;
}

/**
 * Makes what plans runs, with the rates of the engine each would take: every kind is started once for that, and closed
 * again. One that does not start is left to the run, which says why.
 */
export function runPlanner(
  parts: Composition,
  { threads, memoryLimit }: { readonly threads: number | undefined; readonly memoryLimit: number },
): (pipeline: ResolvedPipeline) => Promise<PlannedRun> {
  const options = threads === undefined ? {} : { threads };
  const known = new Map<string, Promise<EngineRates | undefined>>();
  return async (pipeline) => {
    const asked = pipeline.engine;
    const started = known.get(asked) ?? ratesOf(() => parts.createEngine(asked, options));
    known.set(asked, started);
    const engine = parts.explainEngineChoice(asked, options);
    const rates = (await started) ?? expectedRates(engine.name);
    const request = { memoryLimit, rates, programBytes: programMemory(engine.name) };
    const plan = await planPipeline(pipeline, request);
    return { pipeline, plan, engine, memoryLimit, usableMemory: usableMemory(request), rates };
  };
}

async function ratesOf(
  create: () => ReturnType<Composition["createEngine"]>,
): Promise<EngineRates | undefined> {
  try {
    const engine = await create();
    await engine.close();
    return engine.rates;
  } catch {
    return undefined;
  }
}

/** The plan of `--dry-run` for people: the stages in the order they start, what they read, need and say. */
export function planText(planned: PlannedRun): string {
  const { pipeline, plan, engine } = planned;
  const threads = `${engine.threads} thread${engine.threads === 1 ? "" : "s"}`;
  const lines = [
    `${pipeline.name}: seed ${pipeline.seed}`,
    `engine ${engine.name} on ${threads}: ${engine.reason}`,
  ];
  const tableOf = ({ from }: Wire) =>
    plan.stages.find(({ name }) => name === from.stage)?.plan.outputs?.[from.port];
  for (const stage of plan.stages) {
    lines.push("", `${stage.name} (${stage.uses})`);
    for (const wire of pipeline.wires.filter((candidate) => candidate.to.stage === stage.name)) {
      lines.push(`  reads ${wireText(wire, tableOf(wire))}`);
    }
    lines.push(...stageLines(stage).map((line) => `  ${line}`));
  }
  lines.push("", ...totalLines(planned));
  return `${lines.join("\n")}\n`;
}

function stageLines({ plan, error }: PlannedStage): readonly string[] {
  const { steps, sweeps, bytes, flops } = plan.work ?? {};
  return [
    ...(steps === undefined ? [] : [`takes ${counted(steps, "step")}`]),
    ...(plan.notes ?? []),
    ...(sweeps === undefined || sweeps === 0 ? [] : [`takes about ${counted(sweeps, "sweep")} in all`]),
    ...(bytes === undefined ? [] : [`J would take ${memoryText(bytes)} were it held`]),
    ...(flops === undefined || flops === 0 ? [] : [`computes about ${flopsText(flops)}`]),
    ...(plan.memoryBytes ? [`needs about ${memoryText(Math.ceil(plan.memoryBytes))}`] : []),
    ...(error === undefined ? [] : [`would fail: ${error.message} [${error.code}]`]),
  ];
}

function wireText(wire: Wire, table: PlannedTable | undefined): string {
  const how =
    wire.delivery === "whole" ? "whole" : `batch by batch, at most ${wire.capacity} waiting, ${wire.policy}`;
  const facts = table === undefined ? "" : tableText(wire, table);
  return `${wire.table} from ${wire.from.stage}.${wire.from.port} (${how})${facts === "" ? "" : `: ${facts}`}`;
}

/** Whose batches are one a Jacobian. */
const jacobianTables: readonly string[] = ["spectrum", "basis"];

/** `train 1500, test 900, 28 × 28 × 1, 3 classes`, or `5 snapshots, p = 108,995`. */
function tableText(
  { table }: Wire,
  { examples = {}, shape, classes, parameters, batches, rows, bytes }: PlannedTable,
): string {
  const counts = Object.entries(examples).map(([split, count]) => `${split} ${count}`);
  const isExamples = table === "examples";
  const unit = table === "parameters" ? "snapshot" : jacobianTables.includes(table) ? "Jacobian" : "batch";
  return [
    ...(isExamples ? counts : []),
    ...(shape === undefined ? [] : [shape.join(" × ")]),
    ...(classes === undefined || !isExamples ? [] : [`${classes} classes`]),
    ...(batches === undefined || isExamples ? [] : [counted(batches, unit)]),
    ...(parameters === undefined ? [] : [`p = ${parameters.toLocaleString("en")}`]),
    ...(rows === undefined || isExamples ? [] : [counted(rows, "row")]),
    ...(bytes === undefined ? [] : [memoryText(bytes)]),
  ].join(", ");
}

function counted(count: number, noun: string): string {
  const plural = noun.endsWith("ch") ? `${noun}es` : `${noun}s`;
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}

/** The same as data. */
export function planFacts(planned: PlannedRun): Readonly<Record<string, unknown>> {
  const { pipeline, plan, engine, memoryLimit } = planned;
  return {
    name: pipeline.name,
    seed: pipeline.seed,
    engine,
    stages: plan.stages.map(({ error, ...stage }) =>
      error === undefined ? stage : { ...stage, error: { code: error.code, message: error.message } },
    ),
    edges: pipeline.wires,
    ...(plan.memoryBytes === undefined ? {} : { memoryBytes: plan.memoryBytes }),
    memoryLimit,
    ...(plan.flops === undefined ? {} : { flops: plan.flops }),
    ...(plan.seconds === undefined ? {} : { seconds: plan.seconds, rates: planned.rates }),
    unknown: unknownStages(planned),
  };
}

/** The exit code of a dry run: that of the first error the run would end with. */
export function planExitCode({ plan, usableMemory: usable }: PlannedRun): number {
  const error = plan.stages.find((stage) => stage.error !== undefined)?.error;
  return error?.exitCode ?? ((plan.memoryBytes ?? 0) > usable ? 78 : 0);
}
