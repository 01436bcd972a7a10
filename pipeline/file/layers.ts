import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { layerErrors } from "../../schemas/errors/layers.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";
import { codeFrame } from "./codeFrame.js";
import { FileMistake, PipelineFileErrors } from "./mistake.js";
import { readSource } from "./read.js";
import { parseSource, type SourceFile } from "./source.js";
import { isMap, mergeValues, withoutKeys } from "./values.js";

/** A value given on the command line: it replaces what the file says at `path`. */
export interface GivenValue {
  readonly path: Path;
  /** As written there: `--set stages.train.with.epochs=20`. */
  readonly text: string;
  /** Where in `text` the value begins, from 1. */
  readonly column: number;
}

/** A value that stands elsewhere in the file and is put at `path` from there. */
export interface MovedValue {
  readonly path: Path;
  readonly at: Path;
}

export type Override = GivenValue | MovedValue;

/** A pipeline file on top of the files it extends. */
export interface Layers {
  /** All of them merged, without `extends`. */
  readonly data: unknown;
  readonly keyMistakes: readonly FileMistake[];
  /** Files as messages name them: the pipeline file, then those it extends. */
  readonly files: readonly string[];
  /** A mistake with its location: in the file that says the value, or where the override that put it there stands. */
  mistake(problem: Problem, overrides: readonly Override[]): FileMistake;
}

/** Files that extend each other in a row, and files in all. */
const depthLimit = 16;
const filesLimit = 64;

/**
 * Parses a pipeline file and reads those it extends, each relative to the file that says so; later ones of a list, and
 * the file itself last, go on top. Rejects with a PipelineFileErrors: mistakes of `extends` where it stands, and those
 * of a base's text in that base.
 */
export async function readLayers(text: string, file: string): Promise<Layers> {
  const mistakes: FileMistake[] = [];
  /** The strongest last: a file comes after those it extends. */
  const sources: SourceFile[] = [];
  let merged: unknown;

  const lay = async (layerText: string, layerFile: string, above: readonly string[]): Promise<void> => {
    const parsed = parseSource(layerText, layerFile);
    if ("mistakes" in parsed) {
      mistakes.push(...parsed.mistakes);
      return;
    }
    const { source } = parsed;
    const within = [...above, resolve(layerFile)];
    for (const { base, path, problem } of basesOf(source)) {
      const error = problem ?? refusal(base, layerFile, within, sources.length);
      if (error !== undefined) mistakes.push(source.mistake({ error, path }));
      else await layBase(base, source, path, within);
    }
    sources.push(source);
    const own = isMap(source.data) ? withoutKeys(source.data, ["extends"]) : source.data;
    merged = sources.length === 1 ? own : mergeValues(merged, own);
  };

  const layBase = async (
    base: string,
    { file: from, mistake }: SourceFile,
    path: Path,
    within: readonly string[],
  ) => {
    const baseFile = fromFile(from, base);
    let baseText: string;
    try {
      baseText = await readBase(baseFile);
    } catch (error) {
      if (!(error instanceof JacoflowError)) throw error;
      mistakes.push(mistake({ error: layerErrors.baseNotReadable("extends", baseFile, error), path }));
      return;
    }
    await lay(baseText, baseFile, within);
  };

  await lay(text, file, []);
  if (mistakes.length > 0) throw new PipelineFileErrors(mistakes);
  const strongestFirst = sources.toReversed();
  return {
    data: merged,
    keyMistakes: strongestFirst.flatMap(({ keyMistakes }) => keyMistakes),
    files: strongestFirst.map((source) => source.file),
    mistake: (problem, overrides) => locate(problem, overrides, strongestFirst),
  };
}

function locate(
  problem: Problem,
  overrides: readonly Override[],
  sources: readonly SourceFile[],
): FileMistake {
  const { error, path } = problem;
  const override =
    overrides.findLast(({ path: put }) => startsWith(path, put)) ??
    // A key that no file has was made on the way to what an override puts below it.
    (sources.some((source) => source.reach(path) === path.length)
      ? undefined
      : overrides.findLast(({ path: put }) => startsWith(put, path)));
  if (override !== undefined && "text" in override) {
    const { text } = override;
    const column = problem.key === true ? keyColumn(override, path) : override.column;
    return new FileMistake(error, { file: "command line", line: 1, column }, codeFrame([text], 1, column));
  }
  if (override !== undefined) {
    const below = path.slice(override.path.length);
    // The values of a list share the key that is to blame.
    const listed =
      override.at[0] === "matrix" && typeof override.at[2] === "number" && override.at.length === 3;
    const keyOfAll = listed && problem.key === true && below.length === 0;
    const at = keyOfAll ? override.at.slice(0, 2) : [...override.at, ...below];
    const given = overrides.filter((other) => "text" in other);
    return locate({ ...problem, path: at }, given, sources);
  }
  let blamed = sources[0];
  for (const source of sources) if (source.reach(path) > blamed.reach(path)) blamed = source;
  return blamed.mistake(problem);
}

const startsWith = (path: Path, start: Path) =>
  start.every((step, depth) => String(step) === String(path[depth]));

/** Where the last key of `path` stands in what gives a value at or below it. */
function keyColumn({ path: put, column }: GivenValue, path: Path): number {
  const from = put.slice(path.length - 1).join(".");
  return from === "" ? column : column - 1 - from.length;
}

interface Base {
  readonly base: string;
  readonly path: Path;
  readonly problem: JacoflowError | undefined;
}

/** What a file extends, in order. */
function basesOf({ data }: SourceFile): readonly Base[] {
  if (!isMap(data) || data.extends === undefined) return [];
  const given: unknown = data.extends;
  const listed: readonly unknown[] = Array.isArray(given) ? given : [given];
  return listed.map((base, index) => {
    const right = typeof base === "string" && base !== "" && !base.includes("${");
    return {
      base: String(base),
      path: Array.isArray(given) ? ["extends", index] : ["extends"],
      problem: right
        ? undefined
        : fileErrors.wrongForm(
            "extends",
            base,
            "the path of a pipeline file, or a list of them, without variables",
          ),
    };
  });
}

/** Why a base cannot be read at this place. */
function refusal(
  base: string,
  from: string,
  within: readonly string[],
  files: number,
): JacoflowError | undefined {
  const baseFile = fromFile(from, base);
  if (within.includes(resolve(baseFile))) return layerErrors.baseCycle("extends", baseFile);
  if (within.length > depthLimit || files >= filesLimit) {
    return layerErrors.tooManyBases("extends", baseFile, depthLimit, filesLimit);
  }
  return undefined;
}

/** A path said by a file, as messages name it. */
const fromFile = (file: string, path: string) => (isAbsolute(path) ? path : join(dirname(file), path));

/** Endings of files that may be extended: messages quote what they read, and a file of another kind may hold a secret. */
const baseName = /\.(?:ya?ml|json)$/i;

async function readBase(file: string): Promise<string> {
  const target = await realpath(file).catch(() => file);
  for (const path of [file, target]) if (!baseName.test(path)) throw layerErrors.notByName(path);
  const found = await stat(file).catch(() => undefined);
  // A pipe would be waited for.
  if (found !== undefined && !found.isFile() && !found.isDirectory()) throw layerErrors.notAFile(file);
  return readSource(file);
}
