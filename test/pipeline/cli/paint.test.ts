import { suite } from "uvu";
import * as assert from "uvu/assert";
import { errorText, warningText } from "../../../pipeline/cli/errorText.js";
import { coloured, paintFor, plain } from "../../../pipeline/cli/paint.js";
import { processTerminal } from "../../../pipeline/cli/terminal.js";
import type { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { load } from "../../support/pipelines.js";
import { shapes } from "../../support/shapes.js";

const law = suite("colours of messages");

const escaped = String.fromCharCode(27);
const withoutColour = (text: string) => text.replaceAll(new RegExp(`${escaped}\\[\\d+m`, "g"), "");

/** A stream as Node gives it, with what was written. */
function stream(isTTY: boolean) {
  const written: string[] = [];
  return {
    written,
    ...{ isTTY, columns: 80 },
    write: (text: string) => {
      written.push(text);
      return true;
    },
  };
}

for (const [name, environment, onTerminal, elsewhere] of [
  ["as the stream is", {}, true, false],
  ["none by NO_COLOR", { NO_COLOR: "1" }, false, false],
  ["an empty NO_COLOR says nothing", { NO_COLOR: "" }, true, false],
  ["everywhere by FORCE_COLOR", { FORCE_COLOR: "1" }, true, true],
  ["everywhere by an empty FORCE_COLOR", { FORCE_COLOR: "" }, true, true],
  ["FORCE_COLOR over NO_COLOR", { FORCE_COLOR: "3", NO_COLOR: "1" }, true, true],
  ["none by FORCE_COLOR=0", { FORCE_COLOR: "0" }, false, false],
  ["none by FORCE_COLOR=false", { FORCE_COLOR: "false" }, false, false],
  ["none on a dumb terminal", { TERM: "dumb" }, false, false],
] as const) {
  law(name, () => {
    for (const [isTTY, wanted] of [
      [true, onTerminal],
      [false, elsewhere],
    ] as const) {
      const talk = stream(isTTY);
      const { paint, talk: say } = processTerminal({ out: stream(false), talk, environment });
      say(paint.error("error"));
      assert.is(talk.written.join("").includes(escaped), wanted);
      assert.is(paintFor(talk, environment), wanted ? coloured : plain);
    }
  });
}

async function mistakesOf(text: string): Promise<PipelineFileErrors> {
  try {
    await load(text, shapes);
  } catch (error) {
    return error as PipelineFileErrors;
  }
  throw new Error("nothing is wrong");
}

law("the word, the line and the caret are marked, and without the marks the text is the same", async () => {
  const mistakes = await mistakesOf("name: x\nstages:\n  data: { uses: data/tabel, with: { path: x } }\n");
  const shown = errorText(mistakes, coloured);
  assert.is(withoutColour(shown), errorText(mistakes, plain));
  assert.match(shown, `${escaped}[31merror${escaped}[39m ${escaped}[1mUNKNOWN_STAGE_TYPE${escaped}[22m`);
  assert.match(shown, new RegExp(`${escaped}\\[31m\\^${escaped}\\[39m`));
  assert.match(shown, new RegExp(`${escaped}\\[1m> 3 \\|.*${escaped}\\[22m`));
  const warning: JacoflowError = mistakes.errors[0];
  assert.match(warningText(warning, coloured), `${escaped}[33mwarning${escaped}[39m`);
  assert.match(warningText(warning, coloured), new RegExp(`${escaped}\\[33m\\^`));
});

law("a message that brings colours of its own shows them as text", async () => {
  const mistakes = await mistakesOf(`name: x\nstages:\n  data: { uses: "a\\e[31mb", with: {} }\n`);
  const shown = errorText(mistakes, plain);
  assert.not.match(shown, escaped);
  assert.is(withoutColour(errorText(mistakes, coloured)), shown);
});

law.run();
