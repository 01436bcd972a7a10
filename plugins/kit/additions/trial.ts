import type { RecordBatch } from "apache-arrow";
import type { TObject } from "typebox";
import { Default } from "typebox/value";
import type { Engine } from "../../../engine/engine.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { exampleOptions, type OptionSchemas } from "../exampleOptions.js";
import { textOf } from "../laws/law.js";
import { type AnyStage, runStage, type StageOutcome, type StageTrial } from "../trial.js";

type Options = Readonly<Record<string, unknown>>;

/** What laws of additions are tried on: one thing a plugin adds by name, in the built-in stages. */
export interface AdditionTrial<Thing> {
  readonly name: string;
  readonly thing: Thing;
  /** Options to try it with, in turn. */
  readonly choices: readonly Options[];
  /** Runs a built-in stage that knows what the plugin adds. Rejects with TRIAL_OPTIONS. */
  run(stage: string, trial: StageTrial): Promise<StageOutcome>;
  engine(): Promise<Engine>;
}

/** What is wrong with an addition by one law, in words that follow its name; undefined when nothing is. */
export type AdditionLaw<Thing> = (trial: AdditionTrial<Thing>) => Promise<string | undefined>;

/** Puts a thing on trial. `options` are those of a trial; without them it is tried with every example of its schema. */
export function additionTrial<Thing extends { readonly options: TObject }>(
  name: string,
  thing: Thing,
  stages: ReadonlyMap<string, AnyStage>,
  engine: () => Promise<Engine>,
  options: Options | undefined,
): AdditionTrial<Thing> {
  return {
    name,
    thing,
    choices: options === undefined ? everyExample(thing.options as OptionSchemas) : [options],
    run: (stage, trial) => runStage(stages.get(stage) as AnyStage, { ...trial, engine }),
    engine,
  };
}

/** Each example of each option, beside the first examples of those that have to be given. */
function everyExample(schema: OptionSchemas): readonly Options[] {
  const needed = exampleOptions(schema);
  const others = Object.entries(schema.properties ?? {}).flatMap(([name, { examples = [] }]) =>
    examples.filter((example) => example !== needed[name]).map((example) => ({ ...needed, [name]: example })),
  );
  return [needed, ...others];
}

/** Twelve training and four test examples of a shape, in K classes. */
export function examplesOf(shape: readonly number[], classes: number): RecordBatch {
  const [train, test] = [12, 4];
  const rows = Array.from({ length: train + test }, (_, row) => row);
  const dimension = shape.reduce((product, side) => product * side, 1);
  const label = Int32Array.from(rows, (row) => row % classes);
  return examplesTable(shape, { classes: Array.from({ length: classes }, (_, at) => `class ${at}`) }).batch(
    {
      id: rows.map((row) => row % train),
      split: rows.map((row) => (row < train ? "train" : "test")),
      features: Float32Array.from({ length: rows.length * dimension }, (_, at) => Math.sin(1 + at * 1.7)),
      label,
      clean_label: label,
    },
    rows.length,
  );
}

/** A value that cannot be written to, inside of it either. */
export function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** Why a call that should give the same every time does not, or cannot do with arguments it may not write to. */
export function inconstancy(call: () => unknown): string | undefined {
  try {
    const first = JSON.stringify(call());
    return first === JSON.stringify(call()) ? undefined : "it gives something else at every call";
  } catch (error) {
    return `options that may not be written to: ${textOf(error)}`;
  }
}

/** What a plugin throws for its options; undefined when it takes them. */
export function refusal(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error ?? new Error("it threw nothing");
  }
}

/** Options as a plugin gets them: with its defaults, not to be written to. */
export function givenOptions(thing: { readonly options: TObject }, options: Options): Options {
  return frozen(Default(thing.options, structuredClone(options)) as Options);
}
