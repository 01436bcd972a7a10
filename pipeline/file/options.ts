import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { TObject } from "typebox";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";
import type { Stage } from "../stage.js";
import { describeSchema, type OptionSchema } from "./describe.js";
import { meantValue } from "./meant.js";

export interface CheckedOptions {
  /** A copy with defaults filled in; only right when there are no problems. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/** Checks what a stage is given `with` against its declaration; `path` leads to the stage in the file. */
export type CheckOptions = (stage: Stage, given: unknown, path: Path) => CheckedOptions;

/**
 * Makes a checker that compiles every declaration once. Options nobody declared are mistakes, in nested maps as well.
 */
export function optionChecker(): CheckOptions {
  // `strict` is about schemas, not about options; that NaN and infinities are no numbers has to be said apart.
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: false,
    strictNumbers: true,
    verbose: true,
    logger: false,
    // Declarations are ours: compiling the schema of schemas to check them takes longer than all the rest.
    meta: false,
    validateSchema: false,
  });
  const validators = new Map<TObject, ValidateFunction>();
  return (stage, given, path) => {
    const value = structuredClone(given ?? {});
    const withPath = [...path, "with"];
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      const error = fileErrors.wrongForm(withPath.join("."), value, "a map of options");
      return { options: {}, problems: [{ error, path: withPath }] };
    }
    const options = value as Readonly<Record<string, unknown>>;
    const declared = declarationFor(stage, options);
    const validate = validators.get(declared) ?? ajv.compile(closed(JSON.parse(JSON.stringify(declared))));
    validators.set(declared, validate);
    if (validate(options)) return { options, problems: [] };
    const schemas = declared.properties as Readonly<Record<string, OptionSchema>>;
    const missingPath = given === undefined || given === null ? path : withPath;
    const problems = explain(validate.errors ?? []).map((error) =>
      problemOf(error, stage.name, withPath, missingPath, schemas),
    );
    return { options, problems };
  };
}

/** The schema that counts for these options: a variant's where they name one. */
export function declarationFor(
  { options, variants }: Stage,
  given: Readonly<Record<string, unknown>>,
): TObject {
  if (variants === undefined) return options;
  const chosen = given[variants.option];
  // Maps and lists of a file name no variant, and some of them turn into no text.
  return (typeof chosen === "object" ? undefined : variants.schemas.get(String(chosen))) ?? options;
}

/** The schema with every map closed to unknown keys, unless it says otherwise. */
export function closed(schema: unknown): Record<string, unknown> {
  const close = (node: unknown, inAllOf: boolean): unknown => {
    if (Array.isArray(node)) return node.map((item) => close(item, inAllOf));
    if (typeof node !== "object" || node === null) return node;
    const copy: Record<string, unknown> = {};
    for (const [key, child] of Object.entries(node)) {
      // Values that only look like schemas are left alone.
      copy[key] = ["default", "const", "enum", "examples"].includes(key)
        ? child
        : close(child, key === "allOf");
    }
    const isMapSchema = copy.type === "object" && typeof copy.properties === "object";
    if (isMapSchema && !inAllOf && !("additionalProperties" in copy)) copy.additionalProperties = false;
    return copy;
  };
  return close(schema, false) as Record<string, unknown>;
}

/**
 * The errors worth telling. Ajv reports every branch of a union that fails; told is the one branch that was meant
 * (a map with the right `kind`, a list with a wrong item), or else that the value fits none.
 */
function explain(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
  const inside = (error: ErrorObject, union: ErrorObject) =>
    error !== union &&
    error.schemaPath.startsWith(`${union.schemaPath}/`) &&
    (error.instancePath === union.instancePath || error.instancePath.startsWith(`${union.instancePath}/`));
  const outermost = unions.filter((union) => !unions.some((other) => inside(union, other)));
  const told: ErrorObject[] = errors.filter(
    (error) => !outermost.includes(error) && !outermost.some((union) => inside(error, union)),
  );
  for (const union of outermost) {
    const branches = new Map<string, ErrorObject[]>();
    for (const error of errors.filter((one) => inside(one, union))) {
      const branch = error.schemaPath.slice(union.schemaPath.length + 1).split("/")[0];
      branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const meant = [...branches.values()].filter((branch) => !branch.some((error) => rules(error, union)));
    told.push(...(meant.length === 1 ? explain(meant[0]) : [union]));
  }
  const places = new Set<string>();
  return told.filter((error) => {
    const place = `${error.instancePath} ${JSON.stringify(error.params.additionalProperty ?? error.params.missingProperty ?? "")}`;
    const first = !places.has(place);
    places.add(place);
    return first;
  });
}

/** Whether an error shows that another branch was meant: a wrong type, or a wrong constant one level down (`kind`). */
function rules(error: ErrorObject, union: ErrorObject): boolean {
  const depth = error.instancePath.slice(union.instancePath.length).split("/").length - 1;
  if (depth === 0) return ["type", "const", "enum"].includes(error.keyword);
  return depth === 1 && error.keyword === "const" && !Array.isArray(union.data);
}

function problemOf(
  error: ErrorObject,
  uses: string,
  withPath: Path,
  missingPath: Path,
  schemas: Readonly<Record<string, OptionSchema>>,
): Problem {
  const steps = error.instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const path = [...withPath, ...steps];
  const schema = error.parentSchema as OptionSchema;
  if (error.keyword === "additionalProperties") {
    const option = String(error.params.additionalProperty);
    const known = Object.keys(schema.properties ?? {});
    return {
      error: fileErrors.unknownOption([...path, option].join("."), uses, option, known),
      path: [...path, option],
      key: true,
    };
  }
  if (error.keyword === "required") {
    const option = String(error.params.missingProperty);
    const description = schema.properties?.[option]?.description ?? "";
    return {
      error: fileErrors.missingOption([...path, option].join("."), uses, option, description),
      path: steps.length === 0 ? missingPath : path,
      key: true,
    };
  }
  // A union is described as a whole, with the words the option's own schema has.
  const own = steps.length === 1 ? (schemas[steps[0]] ?? schema) : schema;
  const described =
    error.keyword === "anyOf" || error.keyword === "oneOf" ? schema : own.type === undefined ? schema : own;
  return {
    error: fileErrors.invalidOption(
      path.join("."),
      error.data,
      describeSchema(described),
      meantValue(error.data, described),
    ),
    path,
  };
}
