import { warnings, wiringErrors } from "../../schemas/errors/pipeline.js";
import type { InputPort } from "../stage.js";
import { bindByTable, bindExplicitly, type Candidate, tableText } from "./bind.js";
import { addressText, capacityOf, policyOf, readFrom } from "./offers.js";
import { orderStages } from "./order.js";
import type { Problem, UndeclaredStage, UnwiredStage } from "./problem.js";
import type { Wire } from "./resolved.js";

export interface Wiring {
  readonly wires: readonly Wire[];
  /** Every stage after those it reads from, otherwise in file order; meaningless when there are problems. */
  readonly order: readonly string[];
  /** What nothing reads; empty as long as something is wrong with the wiring, which may be why. */
  readonly warnings: readonly Problem[];
  readonly problems: readonly Problem[];
}

/**
 * Connects the stages of a file by the rules of design §2. Every mistake is found, not only the first.
 * `names` are all stages of the file, of which `stages` (in file order) are those with a known declaration; of
 * `undeclared` ones only what they name is looked at.
 */
export function wireStages(
  names: readonly string[],
  stages: readonly UnwiredStage[],
  undeclared: readonly UndeclaredStage[] = [],
): Wiring {
  const declared = new Map(stages.map((stage) => [stage.name, stage]));
  const problems: Problem[] = [];
  const wires: Wire[] = [];
  for (const stage of stages) {
    const wired = wireStage(stage, names, declared);
    problems.push(...wired.problems);
    wires.push(...wired.wires);
  }
  for (const stage of undeclared) problems.push(...readFrom(stage, names, declared).problems);
  const { order, cycles } = orderStages(
    stages.map((stage) => stage.name),
    wires,
  );
  for (const cycle of cycles) {
    const path = ["stages", cycle[0], "from"];
    problems.push({ error: wiringErrors.cycle(path.join("."), cycle), path });
  }
  const certain = stages.length === names.length && problems.length === 0;
  return { wires, order, warnings: certain ? unreadStages(stages, wires) : [], problems };
}

function wireStage(
  stage: UnwiredStage,
  names: readonly string[],
  declared: ReadonlyMap<string, UnwiredStage>,
): { readonly wires: readonly Wire[]; readonly problems: readonly Problem[] } {
  const from = readFrom(stage, names, declared);
  const binding =
    from.byInput.size > 0 ? bindExplicitly(stage, from, declared) : bindByTable(stage, from, declared);
  const problems = [...from.problems, ...binding.problems];
  // A mistake above may be why an input stays unbound: one report of it is enough.
  const quiet = problems.length > 0 || namesUndeclared(stage.from, names, declared);
  const wires: Wire[] = [];
  for (const [name, input] of Object.entries(stage.definition.inputs)) {
    const candidates = binding.bound.get(name) ?? [];
    problems.push(...problemsOfInput(stage, name, input, candidates));
    if (candidates.length === 0 && !input.optional && !quiet) {
      problems.push(unconnected(stage, name, input, declared));
    }
    for (const { address, table, offer } of candidates) {
      wires.push({
        from: address,
        to: { stage: stage.name, port: name },
        table,
        delivery: input.delivery,
        capacity: capacityOf(offer),
        policy: policyOf(offer),
      });
    }
  }
  return { wires, problems };
}

/** Mistakes that are seen once it is known what an input is bound to. */
function problemsOfInput(
  stage: UnwiredStage,
  name: string,
  input: InputPort,
  candidates: readonly Candidate[],
): Problem[] {
  const problems: Problem[] = [];
  const addresses = candidates.map((candidate) => addressText(candidate.address));
  if (!input.many && candidates.length > 1) {
    const { path } = candidates[1].offer;
    problems.push({ error: wiringErrors.boundTwice(path.join("."), name, addresses), path });
  }
  for (const [index, { offer }] of candidates.entries()) {
    const { path } = offer;
    const place = path.join(".");
    if (input.many && addresses.indexOf(addresses[index]) < index) {
      problems.push({ error: wiringErrors.listedTwice(place, addresses[index]), path });
    }
    const said = offer.capacity !== undefined || offer.policy !== undefined;
    if (input.delivery === "whole" && offer.port !== undefined && said) {
      problems.push({ error: wiringErrors.edgeOfWhole(place, name), path });
    }
    if (input.delivery === "stream" && input.lossless === true && policyOf(offer) !== "block") {
      const error = wiringErrors.lossyEdge(place, stage.uses, addresses[index], policyOf(offer));
      problems.push({ error, path });
    }
  }
  return problems;
}

function unconnected(
  stage: UnwiredStage,
  name: string,
  input: InputPort,
  declared: ReadonlyMap<string, UnwiredStage>,
): Problem {
  const sources = [...declared.values()]
    .filter((source) => source.name !== stage.name)
    .flatMap((source) =>
      Object.entries(source.definition.outputs)
        .filter(([, { table }]) => input.table === "any" || input.table === table)
        .map(([port]) => `${source.name}.${port}`),
    );
  const path = ["stages", stage.name];
  const place = `${path.join(".")}.from`;
  const error = wiringErrors.unconnected(place, stage.uses, name, tableText(input), sources);
  return stage.from === undefined ? { error, path, key: true } : { error, path: [...path, "from"] };
}

/** Whether `from` mentions a stage that is in the file but whose declaration is unknown. */
function namesUndeclared(
  from: unknown,
  names: readonly string[],
  declared: ReadonlyMap<string, UnwiredStage>,
): boolean {
  const undeclared = names.filter((name) => !declared.has(name));
  const mentions = (value: unknown): boolean =>
    typeof value === "string"
      ? undeclared.some((name) => value === name || value.startsWith(`${name}.`))
      : typeof value === "object" && value !== null && Object.values(value).some(mentions);
  return undeclared.length > 0 && mentions(from);
}

/** The lack of a sink; nothing is said as long as a stage is not known, which may be one. */
export function sinkProblems(names: readonly string[], stages: readonly UnwiredStage[]): readonly Problem[] {
  if (stages.length === 0 || stages.length < names.length || stages.some(isSink)) return [];
  return [{ error: wiringErrors.noSink("stages"), path: ["stages"], key: true }];
}

const isSink = (stage: UnwiredStage) => Object.keys(stage.definition.outputs).length === 0;

function unreadStages(stages: readonly UnwiredStage[], wires: readonly Wire[]): Problem[] {
  const read = new Set(wires.map((wire) => wire.from.stage));
  return stages
    .filter((stage) => !isSink(stage) && !read.has(stage.name))
    .map(({ name }) => ({
      error: warnings.unreadStage(`stages.${name}`, name),
      path: ["stages", name],
      key: true,
    }));
}
