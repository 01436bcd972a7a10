import { JacoflowError } from "./error.js";
import { choose, invalid, reason, text } from "./wording.js";

/** Messages about what a pipeline file is put together from: files it extends, variables, `--set`. */
export const layerErrors = {
  baseNotReadable: (place: string, file: string, cause: unknown) =>
    invalid(
      "BASE_NOT_READABLE",
      `the file to extend cannot be read: ${reason(cause)}`,
      place,
      file,
      "Name a pipeline file by its path from the file that extends it.",
    ),
  /** A file to extend that is a pipe or a device. */
  notAFile: (file: string) =>
    invalid("BASE_NOT_READABLE", `${file} is no plain file`, file, file, "Name a pipeline file."),
  /** A file to extend whose name, or that of what it links to, is not that of a pipeline file. */
  notByName: (file: string) =>
    invalid(
      "BASE_NOT_READABLE",
      `${file} ends neither in .yaml, .yml nor .json`,
      file,
      file,
      "Name a pipeline file.",
    ),
  baseCycle: (place: string, file: string) =>
    invalid(
      "EXTENDS_CYCLE",
      `${file} extends itself, through the files between`,
      place,
      file,
      "Take one `extends` out of the circle.",
    ),
  tooManyBases: (place: string, file: string, depth: number, files: number) =>
    invalid(
      "TOO_MANY_BASES",
      `with ${file}, files extend each other more than ${depth} deep, or are more than ${files} in all`,
      place,
      file,
      "Merge some of the files.",
    ),
  variableName: (place: string, name: string) =>
    invalid(
      "VARIABLE_NAME",
      `"${name}" cannot name a variable`,
      place,
      name,
      "Use letters, digits and underscores, and no digit first.",
    ),
  tooManyVariables: (found: number, limit: number) =>
    invalid(
      "TOO_MANY_VARIABLES",
      `there are ${found} variables, more than ${limit}`,
      "variables",
      found,
      "Write values out where they are used once.",
    ),
  undefinedVariable: (place: string, name: string, declared: readonly string[]) =>
    invalid(
      "UNDEFINED_VARIABLE",
      `there is no variable ${name}, neither under \`variables\` nor in the environment, and it has no default`,
      place,
      name,
      choose(name, declared, `Set ${name} in the environment, or give a default: \${${name}:value}.`),
    ),
  shortSecret: (place: string, name: string, shortest: number) =>
    invalid(
      "SHORT_SECRET",
      `the value of ${name} has fewer than ${shortest} characters, too few to be kept out of what a run writes`,
      place,
      name,
      `Take a longer secret; if it is none, name the variable without KEY, TOKEN, SECRET, PASSWORD or CREDENTIAL.`,
    ),
  /** Its value is not said. */
  secretInFile: (place: string) =>
    invalid(
      "SECRET_IN_FILE",
      "this option is a secret, and its text is none of the environment's",
      place,
      undefined,
      `Write "\${HUB_TOKEN}" and set HUB_TOKEN in the environment (any name with KEY, TOKEN, SECRET, PASSWORD or CREDENTIAL as a word of it). If the text was a real secret, take another: files are copied.`,
    ),
  malformedVariable: (place: string, value: string) =>
    invalid(
      "MALFORMED_VARIABLE",
      `${text(value)} has a "\${" that begins no \${NAME:default}`,
      place,
      value,
      `Write \${NAME} or \${NAME:default}; write $\${ for a plain "\${".`,
    ),
  variableCycle: (place: string, names: readonly string[]) =>
    invalid(
      "VARIABLE_CYCLE",
      `the variable stands for itself: ${names.join(" → ")}`,
      place,
      names,
      "Give one of them a value of its own.",
    ),
  variableInText: (place: string, name: string, value: unknown) =>
    invalid(
      "VARIABLE_IN_TEXT",
      `the variable ${name} is ${text(value)}, which cannot stand inside a text`,
      place,
      value,
      `Write "\${${name}}" alone, or take a variable that is a number or a text.`,
    ),
  choiceBy: (place: string, by: unknown, declared: readonly string[]) =>
    invalid(
      "CHOICE_BY",
      `\`by\` is ${text(by)}, which is not the name of another variable of the file`,
      place,
      by,
      choose(String(by), declared, "Declare the variable that chooses under `variables`."),
    ),
  noSuchChoice: (place: string, by: string, value: unknown, choices: readonly string[]) =>
    invalid(
      "NO_SUCH_CHOICE",
      `the variable ${by} is ${text(value)}, and there is no value for that here`,
      place,
      value,
      choose(String(value), choices, `Add a value under the key ${text(String(value))}.`),
    ),
  variablesTooLarge: (place: string) =>
    invalid(
      "VARIABLES_TOO_LARGE",
      "the variables unfold to too much data here",
      place,
      undefined,
      "Write the values out where they are used.",
    ),
  malformedSet: (set: string) =>
    new JacoflowError({
      code: "MALFORMED_SET",
      kind: "command-line",
      message: `"${set}" is not PATH=VALUE`,
      place: `--set ${set}`,
      value: set,
      remedy: "Write it like --set stages.train.with.epochs=20.",
    }),
  setPath: (place: string, path: string) =>
    invalid(
      "SET_PATH",
      `"${path}" is not a place in the pipeline: something on the way to it is a plain value, or a list without it`,
      place,
      path,
      "Name a key of a map or a position in a list from 0 on, like stages.train.with.epochs.",
    ),
  setUnknownVariable: (place: string, name: string, declared: readonly string[]) =>
    invalid(
      "SET_UNKNOWN_VARIABLE",
      `the file has no variable "${name}" to set`,
      place,
      name,
      choose(name, declared, "Declare it in the file, under `variables`."),
    ),
  notSettable: (place: string, key: string) =>
    invalid(
      "NOT_SETTABLE",
      `"${key}" is read before anything is set`,
      place,
      key,
      "Write it into the file, or into a file that extends this one.",
    ),
} as const;
