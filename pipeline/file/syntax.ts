import type { YAMLParseError, YAMLWarning } from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import { syntaxErrors } from "../../schemas/errors/syntax.js";
import { strangeSpace } from "../../schemas/errors/wording.js";
import { depthLimit } from "./nodes.js";

/** Something wrong with the form of a text, and where. */
export interface SyntaxProblem {
  readonly error: JacoflowError;
  readonly offset: number;
}

type ParserProblem = YAMLParseError | YAMLWarning;

/** Problems after the first few are echoes of these. */
const problemLimit = 5;

/** Where lines end with a carriage return alone, which YAML libraries take for no end; undefined where none does. */
export function lineEndProblem(text: string): SyntaxProblem | undefined {
  const offset = text.includes("\n") ? -1 : text.indexOf("\r");
  return offset < 0 ? undefined : { error: syntaxErrors.lineEnds(), offset };
}

/**
 * What a parser found wrong, in words about the text and not about grammar, at the character to correct: the tab, the
 * bracket nothing closes. One problem a line, and none that only follows from a tab or a bracket before it.
 */
export function syntaxProblems(text: string, found: readonly ParserProblem[]): readonly SyntaxProblem[] {
  const told: SyntaxProblem[] = [];
  let lastLine = Number.NEGATIVE_INFINITY;
  for (const problem of found) {
    const offset = Math.min(problem.pos[0], text.length);
    const line = lineAt(text, offset);
    // Lines that are taken for one value are complained about one by one.
    const isEcho = line.number === lastLine || (isAboutKeys(problem) && line.number === lastLine + 1);
    lastLine = line.number;
    if (isEcho) continue;
    const { ends, ...explained } = explain(text, problem, offset, line);
    told.push(explained);
    if (ends === true || told.length === problemLimit) break;
  }
  return told;
}

interface Line {
  /** From 0. */
  readonly number: number;
  readonly start: number;
  readonly text: string;
}

/** `ends`: what follows comes of this. */
interface Explained extends SyntaxProblem {
  readonly ends?: true;
}

const isAboutKeys = ({ code }: ParserProblem) =>
  code === "BLOCK_AS_IMPLICIT_KEY" || code === "MULTILINE_IMPLICIT_KEY";

function explain(text: string, problem: ParserProblem, offset: number, line: Line): Explained {
  const space = strangeSpace.exec(line.text);
  if (space !== null) {
    const error = syntaxErrors.strangeSpace(space[0]);
    return { error, offset: line.start + space.index, ends: true };
  }
  const tab = /^ *\t/.exec(line.text);
  if (problem.code === "TAB_AS_INDENT" || (tab !== null && isAboutKeys(problem))) {
    return {
      error: syntaxErrors.tab(),
      offset: line.start + Math.max(0, line.text.indexOf("\t")),
      ends: true,
    };
  }
  const open = openAt(text, offset);
  if (open !== undefined && (isUnfinished(problem) || offset >= text.trimEnd().length)) {
    return { error: syntaxErrors.notClosed(text[open]), offset: open, ends: true };
  }
  if (text.slice(Math.max(0, offset - 2), problem.pos[1]).includes("${")) {
    return { error: syntaxErrors.variableNeedsQuotes(), offset, ends: true };
  }
  return { error: explainHere(problem, line, open !== undefined), offset: visible(line, offset) };
}

/** Whether a bracket or a quotation mark is still open where the parser stops. */
const isUnfinished = ({ message }: ParserProblem) =>
  /closing|must end with|sufficiently indented/.test(message);

function explainHere({ code, message }: ParserProblem, line: Line, inBrackets: boolean): JacoflowError {
  const glued = /^\s*(?:- +)*([\w.-]+):([^\s/].*)$/.exec(line.text);
  switch (code) {
    case "MULTIPLE_DOCS":
      return fileErrors.severalDocuments();
    case "RESOURCE_EXHAUSTION":
      return fileErrors.tooDeep(depthLimit);
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      if (glued !== null) return syntaxErrors.spaceAfterColon(glued[1], glued[2]);
      return /: .*: /.test(line.text) ? syntaxErrors.colonInValue() : syntaxErrors.deeperThanValue();
    case "BAD_INDENT":
      return syntaxErrors.columnOfKeys();
    case "BAD_SCALAR_START":
      return syntaxErrors.valueNeedsQuotes(message.slice(-1));
    case "BAD_DQ_ESCAPE":
      return syntaxErrors.escape(message.slice(message.indexOf("\\")));
    case "TAG_RESOLVE_FAILED":
      return syntaxErrors.tag(message.replace(/^.*: (?:tag:yaml\.org,2002:)?!?/, ""));
    case "MISSING_CHAR":
    case "UNEXPECTED_TOKEN":
    case "BLOCK_IN_FLOW":
      if (/ at node end$/.test(message)) return syntaxErrors.afterValue();
      return inBrackets ? syntaxErrors.comma() : syntaxErrors.parser(message);
    default:
      return syntaxErrors.parser(message);
  }
}

/** The first character of the line where the offset is in its indentation. */
function visible(line: Line, offset: number): number {
  const indent = line.text.search(/\S/);
  return Math.max(offset, line.start + Math.max(0, indent));
}

function lineAt(text: string, offset: number): Line {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", start);
  const number = text.slice(0, start).split("\n").length - 1;
  return { number, start, text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, "") };
}

const closers: Readonly<Record<string, string>> = { "[": "]", "{": "}" };

/** Where the innermost bracket or quotation mark begins that nothing before `end` closes, or that another one closes. */
function openAt(text: string, end: number): number | undefined {
  const open: number[] = [];
  for (let at = 0; at <= Math.min(end, text.length - 1); at += 1) {
    const character = text[at];
    const begins = at === 0 || /[\s,:[{]/.test(text[at - 1]);
    if (character === "#" && (at === 0 || /\s/.test(text[at - 1]))) {
      const lineEnd = text.indexOf("\n", at);
      if (lineEnd < 0) break;
      at = lineEnd;
    } else if (begins && (character === '"' || character === "'")) {
      const close = closingQuote(text, at);
      if (close === undefined) return at;
      at = close;
    } else if (begins && character in closers) open.push(at);
    else if (open.length > 0 && (character === "]" || character === "}")) {
      const last = open[open.length - 1];
      if (closers[text[last]] !== character) return last;
      open.pop();
    }
  }
  return open.at(-1);
}

function closingQuote(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text[at] === quote) {
      if (quote === "'" && text[at + 1] === quote) at += 1;
      else return at;
    }
  }
  return undefined;
}
