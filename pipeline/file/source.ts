import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";
import { codeFrame, linesOf } from "./codeFrame.js";
import { FileMistake } from "./mistake.js";
import { checkNodes, depthLimit } from "./nodes.js";
import { lineEndProblem, syntaxProblems } from "./syntax.js";

/** Characters; a pipeline file is written by hand, data has files of its own. */
export const sizeLimit = 256 * 1024;

/** A parsed pipeline file that can say where everything in it is. */
export interface SourceFile {
  readonly file: string;
  /** As plain data, aliases unfolded. */
  readonly data: unknown;
  /** Keys that are given twice, or that no map may have. */
  readonly keyMistakes: readonly FileMistake[];
  /** How many steps of the path the file itself says. */
  reach(path: Path): number;
  /** A mistake with its location and code frame. */
  mistake(problem: Problem): FileMistake;
}

/**
 * Parses YAML 1.2 (so JSON too) with limits on size, depth and aliases. Nothing in it is executed; unknown tags are
 * mistakes. With any mistake there is no document: nothing can be said about the rest.
 */
export function parseSource(
  text: string,
  file: string,
): { readonly source: SourceFile } | { readonly mistakes: readonly FileMistake[] } {
  const lineCounter = new LineCounter();
  const lines = linesOf(text);
  const at = (error: JacoflowError, offset: number, end?: number) => {
    const { line, col } = lineCounter.linePos(offset);
    const location = { file, line, column: col, ...(end === undefined ? {} : endOf(lineCounter, end)) };
    return new FileMistake(error, location, codeFrame(lines, line, col));
  };
  if (text.length > sizeLimit) {
    const error = fileErrors.tooLarge(sizeLimit);
    return { mistakes: [new FileMistake(error, { file, line: 1, column: 1 }, undefined)] };
  }
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    lineCounter.lineStarts = lineStarts(text);
    return { mistakes: [at(fileErrors.encoding("here is the character 0"), nul)] };
  }
  const lineEnd = lineEndProblem(text);
  if (lineEnd !== undefined) {
    lineCounter.lineStarts = [0];
    return { mistakes: [at(lineEnd.error, lineEnd.offset)] };
  }
  const deep = tooDeepAt(text);
  const document =
    deep === undefined
      ? parseDocument(text, {
          lineCounter,
          prettyErrors: false,
          uniqueKeys: false,
          resolveKnownTags: false,
          logLevel: "error",
        })
      : undefined;
  if (document === undefined) {
    lineCounter.lineStarts = lineStarts(text);
    return { mistakes: [at(fileErrors.tooDeep(depthLimit), deep!)] };
  }
  const wrong = syntaxProblems(text, [...document.errors, ...document.warnings]);
  if (wrong.length > 0) return { mistakes: wrong.map(({ error, offset }) => at(error, offset)) };
  const { fatal, problems, targets } = checkNodes(document, (offset) => lineCounter.linePos(offset).line);
  const keyMistakes = problems.map(({ error, offset }) => at(error, offset));
  if (fatal.length > 0)
    return { mistakes: [...fatal.map(({ error, offset }) => at(error, offset)), ...keyMistakes] };

  const lookup = { pairs: pairFinder(), targets };
  return {
    source: {
      file,
      // How far aliases unfold was checked with the nodes.
      data: document.toJS({ maxAliasCount: -1 }),
      keyMistakes,
      reach: (path) => rangeOf(document, lookup, path, false).steps,
      mistake: ({ error, path, key }) => {
        const { start, end } = rangeOf(document, lookup, path, key === true);
        return at(error, start, end);
      },
    },
  };
}

type FindPair = (map: YAMLMap, key: string) => Pair | undefined;

interface Lookup {
  readonly pairs: FindPair;
  readonly targets: ReadonlyMap<Alias, Node>;
}

/** Finds entries of maps by key, through an index a map: a file may have thousands of keys and mistakes. */
function pairFinder(): FindPair {
  const indices = new WeakMap<YAMLMap, { readonly length: number; readonly of: ReadonlyMap<string, Pair> }>();
  return (map, key) => {
    let index = indices.get(map);
    if (index === undefined || index.length !== map.items.length) {
      const pairs = map.items.map(
        (pair) => [isScalar(pair.key) ? String(pair.key.value) : "", pair] as const,
      );
      index = { length: map.items.length, of: new Map(pairs) };
      indices.set(map, index);
    }
    return index.of.get(key);
  };
}

interface Range {
  readonly start: number;
  readonly end: number | undefined;
  /** Steps of the path that were found. */
  readonly steps: number;
}

/**
 * Where the value at `path` stands, or its key; where the deepest place on the way there that exists begins, without
 * an end: that place is not to blame as a whole.
 */
function rangeOf(document: Document, { pairs, targets }: Lookup, path: Path, wantsKey: boolean): Range {
  let node: unknown = document.contents;
  let range: Range = { start: startOf(node) ?? 0, end: undefined, steps: 0 };
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = targets.get(node);
    let keyNode: unknown;
    let value: unknown;
    if (isMap(node)) {
      const pair = pairs(node, String(step));
      keyNode = pair?.key;
      value = pair?.value;
    } else if (isSeq(node)) {
      value = node.items[Number(step)];
    }
    const found = startOf(keyNode) === undefined ? value : keyNode;
    const start = startOf(found);
    if (start === undefined) return range;
    const blamed = wantsKey || startOf(value) === undefined ? found : value;
    range =
      depth === path.length - 1
        ? { start: startOf(blamed) ?? start, end: endOfNode(blamed), steps: depth + 1 }
        : { start, end: undefined, steps: depth + 1 };
    node = value;
  }
  return range;
}

/** Undefined where a node has no text of its own. */
function endOfNode(node: unknown): number | undefined {
  return isNode(node) && node.range ? node.range[1] : undefined;
}

function endOf(
  lineCounter: LineCounter,
  offset: number,
): { readonly endLine: number; readonly endColumn: number } {
  const { line, col } = lineCounter.linePos(offset);
  return { endLine: line, endColumn: col };
}

/** Undefined for what is not in the text: made by an override, or the nothing after `with:`. */
function startOf(node: unknown): number | undefined {
  if (!isNode(node) || !node.range) return undefined;
  const [start, end] = node.range;
  return isScalar(node) && node.value === null && start === end ? undefined : start;
}

/**
 * Offset where brackets or indentation go deeper than any sensible file: the parser recurses and would spend its stack
 * and much time on it. Brackets in strings count too, which costs nobody 64 of them.
 */
function tooDeepAt(text: string): number | undefined {
  let brackets = 0;
  for (let offset = 0; offset < text.length; offset += 1) {
    const character = text[offset];
    if (character === "[" || character === "{") brackets += 1;
    else if (character === "]" || character === "}") brackets -= 1;
    if (brackets > depthLimit) return offset;
  }
  let indents: number[] = [];
  let start = 0;
  for (const line of text.split("\n")) {
    const indent = line.search(/[^ ]/);
    if (indent >= 0) {
      indents = [...indents.filter((outer) => outer < indent), indent];
      // `- - - a` nests within a line.
      const dashes = /^(?:- +)*/.exec(line.slice(indent))?.[0].match(/-/g)?.length ?? 0;
      if (indents.length + dashes > depthLimit) return start + indent;
    }
    start += line.length + 1;
  }
  return undefined;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let offset = text.indexOf("\n"); offset >= 0; offset = text.indexOf("\n", offset + 1))
    starts.push(offset + 1);
  return starts;
}
