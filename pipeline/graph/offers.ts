import { wiringErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem, UndeclaredStage, UnwiredStage } from "./problem.js";
import { defaultCapacity, type Policy, type PortAddress, policies } from "./resolved.js";

/** One thing named in `from`: a stage, or one of its outputs, and how the edge from there should be. */
export interface Offer {
  readonly stage: string;
  /** Undefined: the bare stage name. */
  readonly port: string | undefined;
  /** Undefined: not said in the file. */
  readonly capacity: number | undefined;
  readonly policy: Policy | undefined;
  readonly path: Path;
}

/** What `from` says: for no input in particular, and in the explicit form for named ones. */
export interface From {
  readonly anyInput: readonly Offer[];
  readonly byInput: ReadonlyMap<string, readonly Offer[]>;
  readonly problems: readonly Problem[];
}

export const addressText = (address: PortAddress) => `${address.stage}.${address.port}`;
export const capacityOf = (offer: Offer) => offer.capacity ?? defaultCapacity;
export const policyOf = (offer: Offer) => offer.policy ?? "block";

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads the `from` of a stage: a string, a `{ port, capacity, policy }`, a list of these, or a map from input names to
 * any of them. `stages` are all stages of the file, `declared` those whose declaration is known. Names of inputs are
 * checked where the stage's own is.
 */
export function readFrom(
  stage: UnwiredStage | UndeclaredStage,
  stages: readonly string[],
  declared: ReadonlyMap<string, UnwiredStage>,
): From {
  const problems: Problem[] = [];
  const path: Path = ["stages", stage.name, "from"];
  const { from } = stage;

  const readList = (value: unknown, at: Path): Offer[] =>
    Array.isArray(value)
      ? value.flatMap((item, index) => readOffer(item, [...at, index]))
      : readOffer(value, at);

  const readOffer = (value: unknown, at: Path): Offer[] => {
    const place = at.join(".");
    if (typeof value === "string") return readAddress(value, at, {});
    if (!isMap(value) || typeof value.port !== "string") {
      problems.push({ error: wiringErrors.portForm(place, value), path: at });
      return [];
    }
    for (const key of Object.keys(value)) {
      if (!["port", "capacity", "policy"].includes(key)) {
        problems.push({
          error: wiringErrors.unknownEdgeKey(`${place}.${key}`, key, ["port", "capacity", "policy"]),
          path: [...at, key],
          key: true,
        });
      }
    }
    const { capacity, policy } = value;
    const edge: { capacity?: number; policy?: Policy } = {};
    if (typeof capacity === "number" && Number.isSafeInteger(capacity) && capacity >= 1) {
      edge.capacity = capacity;
    } else if (capacity !== undefined) {
      problems.push({
        error: wiringErrors.capacity(`${place}.capacity`, capacity),
        path: [...at, "capacity"],
      });
    }
    const known = policies.find((name) => name === policy);
    if (known !== undefined) edge.policy = known;
    else if (policy !== undefined) {
      problems.push({
        error: wiringErrors.unknownPolicy(`${place}.policy`, policy, policies),
        path: [...at, "policy"],
      });
    }
    return readAddress(value.port, [...at, "port"], edge);
  };

  const readAddress = (text: string, at: Path, edge: { capacity?: number; policy?: Policy }): Offer[] => {
    const dot = text.indexOf(".");
    const name = dot < 0 ? text : text.slice(0, dot);
    const port = dot < 0 ? undefined : text.slice(dot + 1);
    const place = at.join(".");
    if (!stages.includes(name)) {
      problems.push({ error: wiringErrors.unknownStage(place, name, stages), path: at });
      return [];
    }
    const source = declared.get(name);
    // Its own mistake is reported where it is declared.
    if (source === undefined) return [];
    const outputs = Object.keys(source.definition.outputs);
    if (port !== undefined && !outputs.includes(port)) {
      problems.push({ error: wiringErrors.unknownPort(place, name, port, outputs), path: at });
      return [];
    }
    return [{ stage: name, port, capacity: edge.capacity, policy: edge.policy, path: at }];
  };

  if (from === undefined || from === null) return { anyInput: [], byInput: new Map(), problems };
  if (!isMap(from) || "port" in from) return { anyInput: readList(from, path), byInput: new Map(), problems };
  const declaration = "definition" in stage ? stage : undefined;
  const inputs = Object.keys(declaration?.definition.inputs ?? {});
  const byInput = new Map<string, readonly Offer[]>();
  for (const [input, value] of Object.entries(from)) {
    if (declaration === undefined || inputs.includes(input))
      byInput.set(input, readList(value, [...path, input]));
    else {
      problems.push({
        error: wiringErrors.unknownInput(`${path.join(".")}.${input}`, declaration.uses, input, inputs),
        path: [...path, input],
        key: true,
      });
    }
  }
  return { anyInput: [], byInput, problems };
}
