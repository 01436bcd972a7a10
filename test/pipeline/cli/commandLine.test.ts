import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandNames, runCommandLine } from "../../../pipeline/cli/commandLine.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";

const law = suite("command line");

/** The error a command line ends with. */
async function refusal(...words: string[]): Promise<JacoflowError> {
  const { terminal } = recordedTerminal();
  try {
    await runCommandLine(words, terminal, "1.2.3");
  } catch (error) {
    return error as JacoflowError;
  }
  throw new Error(`nobody refused ${words.join(" ")}`);
}

law("a mistyped command is answered with the nearest one", async () => {
  const error = await refusal("validat", "a.yaml");
  assert.is(error.code, "UNKNOWN_COMMAND");
  assert.is(error.exitCode, 2);
  assert.is(error.remedy, 'Did you mean "validate"?');
});

law("a mistyped option is answered with the nearest one of that command", async () => {
  const error = await refusal("run", "a.yaml", "--sed", "3");
  assert.is(error.code, "UNKNOWN_FLAG");
  assert.is(error.exitCode, 2);
  assert.match(error.message, "run has no option --sed");
  assert.match(error.remedy as string, /Did you mean "--se[dt]/);
});

law("an option of another command is not known", async () => {
  assert.is((await refusal("validate", "a.yaml", "--memory", "2GB")).code, "UNKNOWN_FLAG");
});

law("nothing at all, a missing argument, a word too many: each is a refusal with exit code 2", async () => {
  for (const [words, code] of [
    [[], "NO_COMMAND"],
    [["run"], "BAD_USAGE"],
    [["run", "a.yaml", "b.yaml"], "UNEXPECTED_ARGUMENT"],
    [["doctor", "everything"], "UNEXPECTED_ARGUMENT"],
    [["run", "a.yaml", "--seed"], "BAD_USAGE"],
    [["graph", "a.yaml", "--format", "png"], "BAD_USAGE"],
  ] as const) {
    const error = await refusal(...words);
    assert.is(error.code, code, words.join(" "));
    assert.is(error.exitCode, 2);
  }
});

law("values are checked before the file is read, and named in the message", async () => {
  const error = await refusal("run", "nowhere.yaml", "--memory", "much");
  assert.is(error.code, "BAD_FLAG_VALUE");
  assert.ok(error.message.includes("much"));
});

law("an option that takes one value and got two is refused, not guessed", async () => {
  assert.is((await refusal("run", "a.yaml", "--seed", "1", "--seed", "2")).code, "BAD_FLAG_VALUE");
});

law("a file that is not there is something validate finds: exit code 78", async () => {
  const error = await refusal("validate", "nowhere.yaml");
  assert.is(error.code, "FILE_NOT_READABLE");
  assert.is(error.exitCode, 78);
});

law("seeds and engines are checked where the file is", async () => {
  const file = new URL("../../golden/mlp-tanh/network.json", import.meta.url).pathname;
  for (const seed of ["-1", "1.5", "seven", "9007199254740993"]) {
    assert.is((await refusal("run", file, `--seed=${seed}`)).code, "BAD_FLAG_VALUE");
  }
  const error = await refusal("run", file, "--engine", "abacus");
  assert.is(error.code, "BAD_FLAG_VALUE");
  assert.match(error.remedy as string, "auto, ");
});

law("every command explains itself", async () => {
  for (const name of commandNames) {
    const written: string[] = [];
    const { log } = console;
    console.log = (text: string) => void written.push(text);
    try {
      assert.is(await runCommandLine([name, "--help"], recordedTerminal().terminal, "1.2.3"), 0);
    } finally {
      console.log = log;
    }
    assert.match(written.join("\n"), `jacoflow ${name}`);
  }
});

law.run();
