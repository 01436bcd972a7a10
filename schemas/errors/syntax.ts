import { codePoint, invalid, type Remedy } from "./wording.js";

const syntax = (message: string, remedy: string | Remedy) =>
  invalid("YAML_SYNTAX", message, "the file", undefined, remedy);

/** Messages about a text that is no YAML. */
export const syntaxErrors = {
  /** In the words of the parser. */
  parser: (message: string) => syntax(message, "Correct the YAML (or JSON) here."),
  tab: () => syntax("a tab indents this line, which YAML does not allow", "Indent with spaces."),
  lineEnds: () =>
    syntax(
      "the lines of this file end with a carriage return alone",
      "Save it with line feeds, as every editor can.",
    ),
  strangeSpace: (character: string) =>
    syntax(
      `here is the character ${codePoint(character)}, which looks like a space or like nothing and is neither`,
      "Write a plain space, or remove it.",
    ),
  notClosed: (opening: string) =>
    syntax(`nothing closes the ${opening} here`, "Close it, where it should end."),
  comma: () => syntax("a comma or a closing bracket is missing here", "Put it in."),
  spaceAfterColon: (key: string, value: string) =>
    syntax(`"${key}" has no space after its colon`, `Write \`${key}: ${value}\`.`),
  colonInValue: () =>
    syntax(
      "this line has a second colon with a space after it, and a line holds one key",
      "Put the value into quotes, or the second key on a line of its own.",
    ),
  deeperThanValue: () =>
    syntax(
      "the next line is indented deeper than this one, whose key has a value already",
      "Let all keys of a map begin in the same column.",
    ),
  columnOfKeys: () =>
    syntax("no key around this line begins in its column", "Let all keys of a map begin in the same column."),
  valueNeedsQuotes: (character: string) =>
    syntax(`a value cannot begin with ${character} without quotes`, "Put the value into quotes."),
  variableNeedsQuotes: () =>
    syntax(
      "inside { } and [ ] a variable needs quotes around it",
      `Write "\${NAME}" or "\${NAME:default}", with the quotes.`,
    ),
  escape: (sequence: string) =>
    syntax(
      `"…" holds ${sequence}, which stands for no character`,
      "Write \\\\ for a backslash, or put the text into '…'.",
    ),
  tag: (tag: string) =>
    syntax(
      `a value has the tag !${tag}, and the values of a pipeline file are plain`,
      "Remove the tag, or put the value into quotes.",
    ),
  afterValue: () =>
    syntax(
      "the value has ended and something follows it",
      "Put the whole value into quotes; within '…' a ' is written twice.",
    ),
} as const;
