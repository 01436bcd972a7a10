import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorFacts, errorText, exitCodeOf } from "../../../pipeline/cli/errorText.js";
import { FileMistake } from "../../../pipeline/file/mistake.js";
import { type ErrorKind, JacoflowError } from "../../../schemas/errors/error.js";

const law = suite("error text");

const error = (kind: ErrorKind) =>
  new JacoflowError({
    code: "TOO_BIG",
    kind,
    message: "7 is too big",
    place: "stages.a.with.b",
    remedy: "Shrink it.",
  });
const mistake = new FileMistake(
  error("invalid"),
  { file: "a.yaml", line: 3, column: 9 },
  "2 | x\n3 | y: 7\n  |    ^",
);

law("an error shows code, place, message and remedy, and no stack", () => {
  assert.is(errorText(error("run")), "error TOO_BIG stages.a.with.b\n  7 is too big\n  Shrink it.\n");
});

law("a mistake of a file shows file:line:column and the code frame", () => {
  assert.is(
    errorText(mistake),
    "error TOO_BIG a.yaml:3:9 stages.a.with.b\n  7 is too big\n  2 | x\n  3 | y: 7\n    |    ^\n  Shrink it.\n",
  );
});

law("several errors are all shown, nested ones too", () => {
  const both = new AggregateError([error("invalid"), new AggregateError([mistake])]);
  assert.is(errorText(both).match(/^error TOO_BIG/gm)?.length, 2);
  assert.is(errorFacts(both).length, 2);
});

law("exit codes are those of design §6", () => {
  assert.is(exitCodeOf(error("command-line")), 2);
  assert.is(exitCodeOf(error("invalid")), 78);
  assert.is(exitCodeOf(error("run")), 1);
  assert.is(exitCodeOf(new AggregateError([mistake])), 78);
  assert.is(exitCodeOf(new TypeError("ours")), 1);
});

law("what is not ours shows its stack and asks for a report", () => {
  const text = errorText(new TypeError("x is undefined"));
  assert.match(text, /^error UNEXPECTED\n {2}TypeError: x is undefined\n/);
  assert.match(text, /bug of jacoflow/);
});

law("facts for machines carry the place in the file", () => {
  assert.equal(errorFacts(mistake), [
    {
      code: "TOO_BIG",
      kind: "invalid",
      message: "7 is too big",
      place: "stages.a.with.b",
      remedy: "Shrink it.",
      file: "a.yaml",
      line: 3,
      column: 9,
    },
  ]);
});

law.run();
