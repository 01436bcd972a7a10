import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

/** "Did you mean …?" when a known word is close, else where the known words are listed. */
const meant = (word: string, known: readonly string[], otherwise: string) => {
  const close = nearest(word, known);
  return close === undefined ? otherwise : `Did you mean "${close}"?`;
};

/** Messages about the command line and the files named on it. */
export const commandLineErrors = {
  noCommand: (known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "NO_COMMAND",
      kind: "command-line",
      message: "no command was given",
      remedy: `Use one of ${known.join(", ")}; \`jacoflow --help\` explains them.`,
    }),

  unknownCommand: (name: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_COMMAND",
      kind: "command-line",
      message: `there is no command "${name}"`,
      value: name,
      remedy: meant(name, known, `Use one of ${known.join(", ")}.`),
    }),

  /** `name` and `known` without their dashes. */
  unknownFlag: (name: string, command: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_FLAG",
      kind: "command-line",
      message: `${command} has no option ${dashed(name)}`,
      value: name,
      remedy: meant(dashed(name), known.map(dashed), `\`jacoflow ${command} --help\` lists them.`),
    }),

  unexpectedArgument: (word: string, command: string): JacoflowError =>
    new JacoflowError({
      code: "UNEXPECTED_ARGUMENT",
      kind: "command-line",
      message: `${command} does not know what to do with "${word}"`,
      value: word,
      remedy: `\`jacoflow ${command} --help\` shows how to call it.`,
    }),

  /** What yargs found wrong, in its words: a missing argument, an option without its value. */
  badUsage: (reason: string, command: string): JacoflowError =>
    new JacoflowError({
      code: "BAD_USAGE",
      kind: "command-line",
      message: reason,
      remedy: `\`jacoflow ${command === "" ? "" : `${command} `}--help\` shows how to call it.`,
    }),

  outAndResume: (): JacoflowError =>
    new JacoflowError({
      code: "OUT_AND_RESUME",
      kind: "command-line",
      message: "--out and --resume are given at once",
      remedy: "Give --resume for a run that was cut off, --out for a new one.",
    }),

  badFlagValue: (flag: string, value: string, wanted: string, remedy: string): JacoflowError =>
    new JacoflowError({
      code: "BAD_FLAG_VALUE",
      kind: "command-line",
      message: `${dashed(flag)} is "${value}", which is not ${wanted}`,
      place: dashed(flag),
      value,
      remedy,
    }),

  fileNotReadable: (file: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "FILE_NOT_READABLE",
      kind: "invalid",
      message: `cannot read ${file}: ${reason}`,
      place: file,
      value: file,
      remedy: "Give the path of a pipeline file (YAML or JSON).",
    }),

  warningsDenied: (file: string, count: number): JacoflowError =>
    new JacoflowError({
      code: "WARNINGS_DENIED",
      kind: "invalid",
      message: `${file} has ${count} warning${count === 1 ? "" : "s"}, and --deny-warnings was given`,
      place: file,
      value: count,
      remedy: "Correct what the warnings are about, or leave out --deny-warnings.",
    }),

  unknownStage: (name: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_STAGE_TYPE",
      kind: "command-line",
      message: `there is no stage "${name}"`,
      value: name,
      remedy: meant(name, known, "`jacoflow stages` lists them."),
    }),
} as const;

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
