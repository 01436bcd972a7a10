import type { PlannedStage } from "../run/outcome.js";
import { memoryText } from "./memorySize.js";
import type { PlannedRun } from "./planText.js";

/** Stages that do not say before a run what they will need. */
export function unknownStages({ plan: { stages } }: PlannedRun): {
  readonly memory: readonly string[];
  readonly time: readonly string[];
} {
  const names = (isUnknown: (stage: PlannedStage) => boolean) =>
    stages.filter(isUnknown).map(({ name }) => name);
  return {
    memory: names(({ plan }) => plan.memoryBytes === undefined),
    time: names(({ plan }) => plan.work?.seconds === undefined),
  };
}

/** Memory and arithmetic in all, and which stages are not counted in it. */
export function totalLines(planned: PlannedRun): readonly string[] {
  const { memory, time } = unknownStages(planned);
  const both = memory.filter((name) => time.includes(name));
  const only = (names: readonly string[]) => names.filter((name) => !both.includes(name));
  const unknown = (what: string, names: readonly string[]) =>
    names.length === 0 ? [] : [`${what} unknown: ${names.join(", ")}`];
  return [
    memoryLine(planned, memory.length > 0),
    ...arithmeticLine(planned, time.length > 0),
    ...unknown("memory and time", both),
    ...unknown("memory", only(memory)),
    ...unknown("time", only(time)),
  ];
}

function memoryLine({ plan, memoryLimit, usableMemory }: PlannedRun, partly: boolean): string {
  const limit = `limit ${memoryText(memoryLimit)}`;
  if (plan.memoryBytes === undefined) return `memory: no stage knows before it has its data; ${limit}`;
  const total = memoryText(Math.ceil(plan.memoryBytes));
  const verdict =
    plan.memoryBytes <= usableMemory
      ? ""
      : `; ${memoryText(usableMemory)} of it may be planned, the rest is kept free for what estimates are off, so the run would be refused`;
  const whose = partly ? "the stages that know" : "all stages";
  return `memory: about ${total} were ${whose} to hold their most at once, with the program itself; ${limit}${verdict}`;
}

function arithmeticLine({ plan, rates }: PlannedRun, partly: boolean): readonly string[] {
  if (plan.flops === undefined || plan.seconds === undefined) return [];
  const whose = partly ? " of the stages that know" : "";
  return [
    `arithmetic${whose}: ${flopsText(plan.flops)}, ${secondsText(plan.seconds)} at the engine's rates (networks ${flopsText(rates.network)} a second); small batches, reading, writing and waiting come on top`,
  ];
}

/** `1.50 TFLOP`, three digits. */
export function flopsText(flops: number): string {
  const power = flops < 1 ? 0 : Math.min(5, Math.floor(Math.log10(flops) / 3));
  return `${(flops / 1000 ** power).toPrecision(3)} ${["", "k", "M", "G", "T", "P"][power]}FLOP`;
}

function secondsText(seconds: number): string {
  if (seconds < 0.1) return "less than 0.1 s";
  if (seconds < 100) return `about ${seconds.toPrecision(2)} s`;
  return seconds < 7200
    ? `about ${Math.round(seconds / 60)} min`
    : `about ${(seconds / 3600).toPrecision(2)} h`;
}
