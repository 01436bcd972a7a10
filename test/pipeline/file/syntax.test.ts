// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSource } from "../../../pipeline/file/source.js";

const law = suite("texts that are no YAML");

/** What is told of a text: the place and the message of each mistake. */
function told(text: string): readonly string[] {
  const parsed = parseSource(text, "a.yaml");
  if ("source" in parsed) return [];
  return parsed.mistakes.map(({ location, message }) => `${location?.line}:${location?.column} ${message}`);
}

const column = "no key around this line begins in its column";
const deeper = "the next line is indented deeper than this one, whose key has a value already";
const tab = "a tab indents this line, which YAML does not allow";

for (const [what, text, wanted] of [
  ["a key a column too far to the right", "a:\n  b: 1\n   c: 2\n", [`2:6 ${deeper}`]],
  ["a key a column too far to the left", "a:\n   b: 1\n  c: 2\nd: 3\n", [`3:3 ${column}`]],
  [
    "options in the column of the stage's keys",
    "s:\n  with:\n  a: 1\n    b: 2\n    c: 3\n",
    [`3:6 ${deeper}`],
  ],
  ["a tab before a key", "a:\n  b: 1\n\tc: 2\n  d: 3\nf: 4\n", [`3:1 ${tab}`]],
  ["a tab after spaces", "a:\n  b: 1\n  \tc: 2\n", [`3:3 ${tab}`]],
  [
    "a space that does not break",
    "a:\n  b: 1\n\u00a0\u00a0c: 2\n  d: 1\n",
    ["3:1 here is the character U+00A0, which looks like a space or like nothing and is neither"],
  ],
  ["a list that goes on", "a: 1\nb: [1, 2\nc: 3\n", ["2:4 nothing closes the [ here"]],
  [
    "a map that goes on, brackets in a text and a comment",
    'a: "]" # }\nb: { c: [1]\n',
    ["2:4 nothing closes the { here"],
  ],
  ["a list closed as a map", "a: { b: [1, 2 }\n", ["1:9 nothing closes the [ here"]],
  ["a text that goes on", 'a: 1\nb: "c\nd: 2\n', ['2:4 nothing closes the " here']],
  ["JSON without its end", '{\n  "a": {\n    "b": 1\n', ["2:8 nothing closes the { here"]],
  [
    "JSON without a comma",
    '{\n  "a": { "b": 1 "c": 2 }\n}\n',
    ["2:15 a comma or a closing bracket is missing here"],
  ],
  [
    "a colon without a space",
    "a:\n  uses:data/idx\n  from: b\n",
    ['2:3 "uses" has no space after its colon'],
  ],
  [
    "a second colon",
    "path: C: data\n",
    ["1:7 this line has a second colon with a space after it, and a line holds one key"],
  ],
  ["a value that begins with @", "a: @b\n", ["1:4 a value cannot begin with @ without quotes"]],
  ["an apostrophe in apostrophes", "a: 'it's'\n", ["1:8 the value has ended and something follows it"]],
  ["a path of Windows in quotes", 'a: "C:\\data"\n', ['1:7 "…" holds \\d, which stands for no character']],
  ["a tag", "a: !env B\n", ["1:4 a value has the tag !env, and the values of a pipeline file are plain"]],
  [
    "a variable in a map without quotes",
    "a: { b: ${C} }\n",
    ["1:10 inside { } and [ ] a variable needs quotes around it"],
  ],
  [
    "lines of an old Macintosh",
    "a: 1\rb: 2\r",
    ["1:5 the lines of this file end with a carriage return alone"],
  ],
  ["two documents", "a: 1\n---\nb: 1\n", ["2:1 the file holds more than one YAML document"]],
  [
    "two mistakes far apart",
    "a: @b\nb: 1\nc: `d`\n",
    ["1:4 a value cannot begin with @ without quotes", "3:4 a value cannot begin with ` without quotes"],
  ],
] as const) {
  law(`of ${what} the cause is told, where it is`, () => assert.equal(told(text), wanted));
}

law("a text that does not parse has a mistake, each in a line it has and one a line", () => {
  const piece = fc.constantFrom(
    "a",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "\n",
    "\n  ",
    "\t",
    "#",
    "&b",
    "*b",
    "|",
    "!c",
    "@",
    "${D}",
    "\u00a0",
    "\r\n",
    "---\n",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join("");
      const parsed = parseSource(text, "a.yaml");
      if ("source" in parsed) return;
      assert.ok(parsed.mistakes.length > 0);
      const lines = text.split("\n").length;
      for (const { location, frame } of parsed.mistakes) {
        assert.ok(
          location !== undefined && location.line >= 1 && location.line <= lines,
          JSON.stringify(text),
        );
        assert.match(frame ?? "", /\^$/m);
      }
    }),
    { numRuns: 2000 },
  );
});

law.run();
