import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codeFrame, linesOf } from "../../../pipeline/file/codeFrame.js";

const test = suite("pipeline/file/codeFrame");

const text = "one\ntwo\r\n\tthree\nfour\nfive\n\n\n";

test("two lines before, one after, a caret below the column", () => {
  assert.is(
    codeFrame(linesOf(text), 4, 2),
    ["  2 | two", "  3 |  three", "> 4 | four", "    |  ^", "  5 | five"].join("\n"),
  );
});

test("the first and the last line have frames, tabs count one, empty ends are left out", () => {
  assert.is(codeFrame(["only"], 1, 5), ["> 1 | only", "    |     ^"].join("\n"));
  assert.match(codeFrame(linesOf(text), 3, 2), "> 3 |  three\n    |  ^");
  assert.is(
    codeFrame(linesOf(text), 5, 1),
    ["  3 |  three", "  4 | four", "> 5 | five", "    | ^"].join("\n"),
  );
});

test("a long line is cut around the place, and the caret stays below it", () => {
  const line = `${"x".repeat(300)}here${"y".repeat(300)}`;
  const [shown, caret] = codeFrame([line], 1, 301).split("\n");
  assert.ok(shown.length < 120);
  assert.is(shown.indexOf("here"), caret.indexOf("^"));
});

test.run();
