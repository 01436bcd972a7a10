import { wiringErrors } from "../../schemas/errors/pipeline.js";
import type { InputPort, Stage, TableName } from "../stage.js";
import { addressText, capacityOf, type Offer, policyOf, readFrom } from "./offers.js";
import { orderStages } from "./order.js";
import type { Problem, UnwiredStage } from "./problem.js";
import type { PortAddress, Wire } from "./resolved.js";

export interface Wiring {
  readonly wires: readonly Wire[];
  /** Every stage after those it reads from, otherwise in file order; meaningless when there are problems. */
  readonly order: readonly string[];
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

/** An output that an input may be bound to, and the offer it comes from. */
interface Candidate {
  readonly address: PortAddress;
  readonly table: TableName;
  readonly offer: Offer;
}

const takes = (input: InputPort, table: TableName) => input.table === "any" || input.table === table;
const tableText = (input: InputPort) => (input.table === "any" ? "any table" : input.table);

/**
 * Connects the stages of a file by the rules of design §2. Every mistake is found, not only the first.
 * `names` are all stages of the file, of which `stages` (in file order) are those with a known declaration.
 */
export function wireStages(names: readonly string[], stages: readonly UnwiredStage[]): Wiring {
  const declared = new Map(stages.map((stage) => [stage.name, stage]));
  const problems: Problem[] = [];
  const wires: Wire[] = [];
  for (const stage of stages) {
    const bound = bindStage(stage, names, declared);
    problems.push(...bound.problems);
    wires.push(...bound.wires);
  }
  const { order, cycles } = orderStages(
    stages.map((stage) => stage.name),
    wires,
  );
  for (const cycle of cycles) {
    const path = ["stages", cycle[0], "from"];
    problems.push({ error: wiringErrors.cycle(path.join("."), cycle), path });
  }
  return { wires, order, warnings: unreadStages(stages, wires), problems };
}

function unreadStages(stages: readonly UnwiredStage[], wires: readonly Wire[]): string[] {
  const read = new Set(wires.map((wire) => wire.from.stage));
  return stages
    .filter((stage) => Object.keys(stage.definition.outputs).length > 0 && !read.has(stage.name))
    .map((stage) => `nothing reads what stage "${stage.name}" sends`);
}

function bindStage(
  stage: UnwiredStage,
  names: readonly string[],
  declared: ReadonlyMap<string, UnwiredStage>,
): { readonly wires: readonly Wire[]; readonly problems: readonly Problem[] } {
  const from = readFrom(stage, names, declared);
  const problems = [...from.problems];
  const inputs = Object.entries(stage.definition.inputs);
  const bound = new Map<string, Candidate[]>(inputs.map(([name]) => [name, []]));
  const definitionOf = (name: string): Stage => declared.get(name)!.definition;

  const candidatesOf = (offer: Offer): Candidate[] =>
    Object.entries(definitionOf(offer.stage).outputs)
      .filter(([port]) => offer.port === undefined || offer.port === port)
      .map(([port, output]) => ({ address: { stage: offer.stage, port }, table: output.table, offer }));
  const place = (offer: Offer) => offer.path.join(".");
  const add = (input: string, candidate: Candidate) => bound.get(input)!.push(candidate);

  // The explicit form: what is said for an input binds that input.
  for (const [name, offers] of from.byInput) {
    const input = stage.definition.inputs[name];
    for (const offer of offers) {
      const all = candidatesOf(offer);
      const fitting = all.filter((candidate) => takes(input, candidate.table));
      if (fitting.length === 0) {
        problems.push(
          offer.port === undefined
            ? {
                error: wiringErrors.nothingOffered(
                  place(offer),
                  offer.stage,
                  stage.uses,
                  all.map((candidate) => candidate.table),
                  [tableText(input)],
                ),
                path: offer.path,
              }
            : {
                error: wiringErrors.tableMismatch(
                  place(offer),
                  addressText(all[0].address),
                  all[0].table,
                  name,
                  tableText(input),
                ),
                path: offer.path,
              },
        );
      } else if (fitting.length > 1 && !input.many) {
        problems.push({
          error: wiringErrors.severalOffers(
            place(offer),
            name,
            tableText(input),
            fitting.map((candidate) => addressText(candidate.address)),
          ),
          path: offer.path,
        });
      } else {
        for (const candidate of fitting) add(name, candidate);
      }
    }
  }

  // `stage.port` binds the input of its table, whatever bare names would offer.
  const named = from.anyInput.filter((offer) => offer.port !== undefined);
  const namedFor = new Map<Offer, string>();
  for (const offer of named) {
    const [candidate] = candidatesOf(offer);
    const typed = inputs.filter(([, input]) => input.table === candidate.table);
    const fitting = typed.length > 0 ? typed : inputs.filter(([, input]) => input.table === "any");
    if (fitting.length === 1) namedFor.set(offer, fitting[0][0]);
    else if (fitting.length === 0) {
      problems.push({
        error: wiringErrors.nothingOffered(
          place(offer),
          addressText(candidate.address),
          stage.uses,
          [candidate.table],
          inputs.map(([, input]) => tableText(input)),
        ),
        path: offer.path,
      });
    } else {
      problems.push({
        error: wiringErrors.severalInputs(
          place(offer),
          addressText(candidate.address),
          candidate.table,
          fitting.map(([name]) => name),
        ),
        path: offer.path,
      });
    }
  }

  // What a bare name offers an input: its outputs of that table; `any` gets those no typed input takes.
  const bareFor = (name: string, input: InputPort, offer: Offer): Candidate[] =>
    candidatesOf(offer).filter((candidate) =>
      input.table === "any"
        ? !inputs.some(([other, { table }]) => other !== name && table === candidate.table)
        : input.table === candidate.table,
    );

  const useful = new Set<Offer>();
  for (const [name, input] of inputs) {
    const bare: Candidate[] = [];
    const offered: Candidate[] = [];
    for (const offer of from.anyInput) {
      if (offer.port !== undefined) {
        if (namedFor.get(offer) === name) offered.push(...candidatesOf(offer));
        continue;
      }
      const candidates = bareFor(name, input, offer);
      if (candidates.length > 0) useful.add(offer);
      bare.push(...candidates);
      offered.push(...candidates);
    }
    if (input.many) {
      // In file order; an output named by itself keeps the place and the edge given there.
      const namedAddresses = new Set(
        named
          .filter((offer) => namedFor.get(offer) === name)
          .map((offer) => addressText(candidatesOf(offer)[0].address)),
      );
      for (const candidate of offered) {
        if (candidate.offer.port !== undefined || !namedAddresses.has(addressText(candidate.address))) {
          add(name, candidate);
        }
      }
      continue;
    }
    const byName = offered.filter((candidate) => candidate.offer.port !== undefined);
    if (byName.length > 0) {
      for (const candidate of byName) add(name, candidate);
    } else if (bare.length === 1 && bound.get(name)!.length === 0) {
      add(name, bare[0]);
    } else if (bare.length > 1) {
      problems.push({
        error: wiringErrors.severalOffers(
          place(bare[1].offer),
          name,
          tableText(input),
          bare.map((candidate) => addressText(candidate.address)),
        ),
        path: bare[1].offer.path,
      });
    }
  }

  for (const offer of from.anyInput) {
    if (offer.port !== undefined || useful.has(offer)) continue;
    problems.push({
      error: wiringErrors.nothingOffered(
        place(offer),
        offer.stage,
        stage.uses,
        candidatesOf(offer).map((candidate) => candidate.table),
        inputs.map(([, input]) => tableText(input)),
      ),
      path: offer.path,
    });
  }

  // A mistake above may be why an input stays unbound: one report of it is enough.
  const quiet = problems.length > 0 || namesUndeclared(stage, names, declared);
  const wires: Wire[] = [];
  for (const [name, input] of inputs) {
    const candidates = bound.get(name)!;
    problems.push(...problemsOfInput(stage, name, input, candidates));
    if (candidates.length === 0 && !input.optional && !quiet) {
      const path = ["stages", stage.name, ...(stage.from === undefined ? [] : ["from"])];
      problems.push({
        error: wiringErrors.unconnected(
          `stages.${stage.name}.from`,
          stage.uses,
          name,
          tableText(input),
          sourcesOf(stage.name, input, declared),
        ),
        path,
        ...(stage.from === undefined ? { key: true as const } : {}),
      });
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
  const texts = candidates.map((candidate) => addressText(candidate.address));
  if (!input.many && candidates.length > 1) {
    const { path } = candidates[1].offer;
    problems.push({ error: wiringErrors.boundTwice(path.join("."), name, texts), path });
  }
  for (const [index, { offer }] of candidates.entries()) {
    const place = offer.path.join(".");
    if (input.many && texts.indexOf(texts[index]) < index) {
      problems.push({ error: wiringErrors.listedTwice(place, texts[index]), path: offer.path });
    }
    if (input.delivery === "whole") {
      if (offer.port !== undefined && (offer.capacity !== undefined || offer.policy !== undefined)) {
        problems.push({ error: wiringErrors.edgeOfWhole(place, name), path: offer.path });
      }
    } else if (input.lossless === true && policyOf(offer) !== "block") {
      problems.push({
        error: wiringErrors.lossyEdge(place, stage.uses, texts[index], policyOf(offer)),
        path: offer.path,
      });
    }
  }
  return problems;
}

/** Whether `from` mentions a stage that is in the file but whose declaration is unknown. */
function namesUndeclared(
  stage: UnwiredStage,
  names: readonly string[],
  declared: ReadonlyMap<string, UnwiredStage>,
): boolean {
  const undeclared = names.filter((name) => !declared.has(name));
  const mentions = (value: unknown): boolean =>
    typeof value === "string"
      ? undeclared.some((name) => value === name || value.startsWith(`${name}.`))
      : typeof value === "object" && value !== null && Object.values(value).some(mentions);
  return undeclared.length > 0 && mentions(stage.from);
}

function sourcesOf(reader: string, input: InputPort, declared: ReadonlyMap<string, UnwiredStage>): string[] {
  return [...declared.values()]
    .filter((stage) => stage.name !== reader)
    .flatMap((stage) =>
      Object.entries(stage.definition.outputs)
        .filter(([, output]) => takes(input, output.table))
        .map(([port]) => `${stage.name}.${port}`),
    );
}
