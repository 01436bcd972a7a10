import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type RandomSource, randomSource } from "../../engine/random.js";
import { filesBelow, leftovers, tableHashes } from "../support/tables.js";
import { type Life, live, type Moment } from "./life.js";
import { trainingSteps, writeKilledPipeline } from "./pipeline.js";

/** Deaths of one run one after the other, then its resumption, and whether that made good all that was lost. */
export interface Outcome {
  /** What each process was doing when it was killed, in order. */
  readonly phases: readonly string[];
  /** What is not as in the run that was left alone; empty: nothing. */
  readonly differences: readonly string[];
  /** Whether a training or a spectrum went on from what was kept. */
  readonly wentOn: boolean;
  /** Training steps made in all lives. */
  readonly steps: number;
}

/** A run that nobody kills, and what it left. */
export interface Reference {
  readonly file: string;
  readonly folder: string;
  readonly runFolder: string;
  readonly trace: readonly string[];
  readonly seconds: number;
  readonly left: Left;
}

/** What has to be the same. */
interface Left {
  /** Hashes of the files below tables/. */
  readonly tables: Readonly<Record<string, string>>;
  /** Lines of rows.ndjson, sorted: several stages send to it, in no order among them. */
  readonly rows: readonly string[];
  /** Every file's name. */
  readonly names: readonly string[];
}

/** Makes the run that the others are compared with, in a folder of its own. */
export async function makeReference(folder: string): Promise<Reference> {
  const file = writeKilledPipeline(folder);
  const runFolder = join(folder, "whole");
  const life = await live(["run", file, "--resume", runFolder, "-v"], runFolder);
  if (life.code !== 0) throw new Error(life.stderr);
  const { trace, milliseconds } = life;
  return { file, folder, runFolder, trace, seconds: milliseconds / 1000, left: leftIn(runFolder) };
}

/** Kills one run at each moment in turn, and resumes it to its end. A moment that does not come is no death. */
export async function killAndResume(
  reference: Reference,
  name: string,
  moments: readonly Moment[],
): Promise<Outcome> {
  const runFolder = join(reference.folder, name);
  const words = ["run", reference.file, "--resume", runFolder, "-v"];
  const lives: Life[] = [];
  for (const moment of moments) lives.push(await live(words, runFolder, moment));
  const last = await live(words, runFolder);
  lives.push(last);
  const steps = lives.flatMap(({ trace }) => trace).filter((phase) => phase === "training step").length;
  const deaths = lives.filter(({ killed }) => killed);
  const differences =
    last.code === 0 ? differencesIn(runFolder, reference) : [`exit code ${last.code}: ${last.stderr}`];
  // A step may have been made and not yet kept, in each training, when the process died.
  const most = trainingSteps + 2 * deaths.length;
  if (steps > most) differences.push(`${steps} training steps, more than ${most}`);
  return {
    phases: deaths.map(phaseOf),
    differences,
    wentOn: lives.some(({ stderr }) => /goes on after (step [1-9]|sweep)|done before, which/.test(stderr)),
    steps,
  };
}

/** What `compact` makes of the reference when nobody kills it. */
export async function makeCompacted(reference: Reference): Promise<Pick<Reference, "left" | "trace">> {
  const runFolder = join(reference.folder, "compacted");
  cpSync(reference.runFolder, runFolder, { recursive: true });
  const { code, stderr, trace } = await live(["compact", runFolder], runFolder);
  if (code !== 0) throw new Error(stderr);
  return { left: leftIn(runFolder), trace };
}

/** Kills `compact` on a copy of the reference at each moment in turn, then lets it end. */
export async function killCompaction(
  reference: Reference,
  { left }: Pick<Reference, "left">,
  name: string,
  moments: readonly Moment[],
): Promise<Outcome> {
  const runFolder = join(reference.folder, name);
  cpSync(reference.runFolder, runFolder, { recursive: true });
  const lives: Life[] = [];
  for (const moment of moments) lives.push(await live(["compact", runFolder], runFolder, moment));
  const last = await live(["compact", runFolder], runFolder);
  return {
    phases: lives.filter(({ killed }) => killed).map((life) => `compact: ${phaseOf(life)}`),
    differences:
      last.code === 0
        ? differencesIn(runFolder, { ...reference, left })
        : [`exit code ${last.code}: ${last.stderr}`],
    ...{ wentOn: true, steps: 0 },
  };
}

/** Moments of a run: every phase `each` times, the rest at any moment of any phase or after any time. */
export function momentsOf(
  reference: Reference,
  count: number,
  each: number,
  seed: string,
): readonly Moment[] {
  const random = randomSource(seed);
  const counts = countsOf(reference.trace);
  const moments: Moment[] = [...counts].flatMap(([phase, most]) =>
    Array.from({ length: each }, () => ({ phase, occurrence: 1 + random.integer(most) })),
  );
  while (moments.length < count) moments.push(anyMoment(reference, random));
  return moments.slice(0, count);
}

/** One moment in three is a time. */
export function anyMoment(reference: Reference, random: RandomSource): Moment {
  return random.integer(3) === 0
    ? { milliseconds: 100 + random.integer(Math.round(1000 * reference.seconds)) }
    : { phase: "any", occurrence: 1 + random.integer(reference.trace.length) };
}

export function countsOf(trace: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const phase of trace) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return counts;
}

const phaseOf = ({ trace }: Life) => trace.at(-1) ?? "start";

function leftIn(runFolder: string): Left {
  return {
    tables: tableHashes(runFolder),
    rows: readFileSync(join(runFolder, "rows.ndjson"), "utf8").split("\n").sort(),
    names: filesBelow(runFolder),
  };
}

function differencesIn(runFolder: string, { left: wanted }: Reference): string[] {
  const found = leftIn(runFolder);
  const paths = [...new Set([...Object.keys(found.tables), ...Object.keys(wanted.tables)])];
  const differences = paths.filter((path) => found.tables[path] !== wanted.tables[path]);
  if (found.rows.join("\n") !== wanted.rows.join("\n")) {
    differences.push(`rows.ndjson: ${found.rows.length} lines, not the ${wanted.rows.length} wanted`);
  }
  for (const name of [...found.names, ...wanted.names]) {
    if (!found.names.includes(name)) differences.push(`${name} is missing`);
    if (!wanted.names.includes(name)) differences.push(`${name} is left`);
  }
  return [...differences, ...leftovers(runFolder)];
}
