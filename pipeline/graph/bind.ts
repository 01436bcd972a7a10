import type { JacoflowError } from "../../schemas/errors/error.js";
import { wiringErrors } from "../../schemas/errors/pipeline.js";
import type { InputPort, TableName } from "../stage.js";
import { addressText, type From, type Offer } from "./offers.js";
import type { Path, Problem, UnwiredStage } from "./problem.js";
import type { PortAddress } from "./resolved.js";

/** An output that an input may be bound to, and the offer it comes from. */
export interface Candidate {
  readonly address: PortAddress;
  readonly table: TableName;
  readonly offer: Offer;
}

/** What the inputs of one stage are bound to, by input name, and what was wrong on the way. */
export interface Binding {
  readonly bound: ReadonlyMap<string, readonly Candidate[]>;
  readonly problems: readonly Problem[];
}

type Stages = ReadonlyMap<string, UnwiredStage>;

export const tableText = (input: InputPort) => (input.table === "any" ? "any table" : input.table);
const takes = (input: InputPort, table: TableName) => input.table === "any" || input.table === table;
const at = (path: Path, error: (place: string) => JacoflowError): Problem => ({
  error: error(path.join(".")),
  path,
});
const addressesOf = (candidates: readonly Candidate[]) =>
  candidates.map(({ address }) => addressText(address));

/** All outputs a bare stage name offers, or the one that is named. */
function candidatesOf(offer: Offer, stages: Stages): readonly Candidate[] {
  return Object.entries(stages.get(offer.stage)!.definition.outputs)
    .filter(([port]) => offer.port === undefined || offer.port === port)
    .map(([port, { table }]) => ({ address: { stage: offer.stage, port }, table, offer }));
}

/** The explicit form: what is said for an input binds that input. */
export function bindExplicitly(stage: UnwiredStage, from: From, stages: Stages): Binding {
  const problems: Problem[] = [];
  const bound = new Map<string, readonly Candidate[]>();
  for (const [name, offers] of from.byInput) {
    const input = stage.definition.inputs[name];
    const wanted = tableText(input);
    const chosen: Candidate[] = [];
    for (const offer of offers) {
      const all = candidatesOf(offer, stages);
      const fitting = all.filter(({ table }) => takes(input, table));
      if (fitting.length > 0 && (fitting.length === 1 || input.many)) {
        chosen.push(...fitting);
        continue;
      }
      problems.push(
        at(offer.path, (place) => {
          if (fitting.length > 1)
            return wiringErrors.severalOffers(place, name, wanted, addressesOf(fitting));
          const tables = all.map(({ table }) => table);
          return offer.port === undefined
            ? wiringErrors.nothingOffered(place, offer.stage, stage.uses, tables, [wanted])
            : wiringErrors.tableMismatch(place, `${offer.stage}.${offer.port}`, tables[0], name, wanted);
        }),
      );
    }
    bound.set(name, chosen);
  }
  return { bound, problems };
}

/** The list form: named outputs go to the input of their table, then bare names fill what is still unbound. */
export function bindByTable(stage: UnwiredStage, from: From, stages: Stages): Binding {
  const inputs = Object.entries(stage.definition.inputs);
  const { inputOf, problems: namingProblems } = assignNamed(stage, from, stages);
  const problems = [...namingProblems];
  const bound = new Map<string, readonly Candidate[]>();
  const useful = new Set<Offer>();
  for (const [name, input] of inputs) {
    const named: Candidate[] = [];
    const bare: Candidate[] = [];
    for (const offer of from.anyInput) {
      if (inputOf.get(offer) === name) named.push(...candidatesOf(offer, stages));
      if (offer.port !== undefined) continue;
      const offered = candidatesOf(offer, stages).filter(({ table }) => offersTo(name, input, table, inputs));
      if (offered.length > 0) useful.add(offer);
      bare.push(...offered);
    }
    if (input.many) bound.set(name, inFileOrder(named, bare, from));
    else if (named.length > 0) bound.set(name, named);
    else if (bare.length === 1) bound.set(name, bare);
    else if (bare.length > 1) {
      problems.push(
        at(bare[1].offer.path, (place) =>
          wiringErrors.severalOffers(place, name, tableText(input), addressesOf(bare)),
        ),
      );
    }
  }
  for (const offer of from.anyInput) {
    if (offer.port !== undefined || useful.has(offer)) continue;
    problems.push(nothingTaken(stage, offer, offer.stage, candidatesOf(offer, stages)));
  }
  return { bound, problems };
}

/** Finds the one input every named output (`stage.port`) belongs to: of its own table, else one that takes any. */
function assignNamed(
  stage: UnwiredStage,
  from: From,
  stages: Stages,
): { readonly inputOf: ReadonlyMap<Offer, string>; readonly problems: readonly Problem[] } {
  const inputs = Object.entries(stage.definition.inputs);
  const inputOf = new Map<Offer, string>();
  const problems: Problem[] = [];
  for (const offer of from.anyInput.filter(({ port }) => port !== undefined)) {
    const [candidate] = candidatesOf(offer, stages);
    const address = addressText(candidate.address);
    const typed = inputs.filter(([, { table }]) => table === candidate.table);
    const fitting = typed.length > 0 ? typed : inputs.filter(([, { table }]) => table === "any");
    if (fitting.length === 1) inputOf.set(offer, fitting[0][0]);
    else if (fitting.length === 0) problems.push(nothingTaken(stage, offer, address, [candidate]));
    else {
      const names = fitting.map(([name]) => name);
      problems.push(
        at(offer.path, (place) => wiringErrors.severalInputs(place, address, candidate.table, names)),
      );
    }
  }
  return { inputOf, problems };
}

/** Whether a bare name's output of this table is for this input: `any` gets those no input of that table takes. */
function offersTo(
  name: string,
  input: InputPort,
  table: TableName,
  inputs: readonly (readonly [string, InputPort])[],
): boolean {
  if (input.table !== "any") return input.table === table;
  return !inputs.some(([other, { table: wanted }]) => other !== name && wanted === table);
}

/** All offers to an input that takes many; an output named by itself keeps the place and the edge given there. */
function inFileOrder(
  named: readonly Candidate[],
  bare: readonly Candidate[],
  from: From,
): readonly Candidate[] {
  const addresses = new Set(addressesOf(named));
  const kept = bare.filter(({ address }) => !addresses.has(addressText(address)));
  return from.anyInput.flatMap((offer) =>
    [...named, ...kept].filter((candidate) => candidate.offer === offer),
  );
}

function nothingTaken(
  stage: UnwiredStage,
  offer: Offer,
  offered: string,
  candidates: readonly Candidate[],
): Problem {
  const wanted = Object.values(stage.definition.inputs).map(tableText);
  const tables = candidates.map(({ table }) => table);
  return at(offer.path, (place) => wiringErrors.nothingOffered(place, offered, stage.uses, tables, wanted));
}
