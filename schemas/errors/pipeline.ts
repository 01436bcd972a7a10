import { JacoflowError } from "./error.js";
import { choose, invalid, listed, missingSpace, type Remedy, reason, text } from "./wording.js";

const stageToUse = (uses: string, known: readonly string[]): Remedy => {
  const chosen = choose(uses, known, "No stage is installed.");
  return { ...chosen, remedy: `${chosen.remedy} \`jacoflow stages\` lists them all.`.trim() };
};

/** Messages about the form of a pipeline file. */
export const fileErrors = {
  tooLarge: (limit: number, file = "the file") =>
    invalid(
      "FILE_TOO_LARGE",
      `the pipeline file has more than ${limit} characters`,
      file,
      limit,
      "Keep data out of the pipeline file: name a file in an option instead.",
    ),
  encoding: (why: string, file = "the file") =>
    invalid(
      "FILE_ENCODING",
      `the pipeline file is not text in UTF-8: ${why}`,
      file,
      why,
      "Save it as UTF-8, as every editor can.",
    ),
  tooManyStages: (found: number, limit: number) =>
    invalid(
      "TOO_MANY_STAGES",
      `the pipeline has ${found} stages, more than ${limit}`,
      "stages",
      found,
      "Split it into several pipelines.",
    ),
  tooDeep: (limit: number) =>
    invalid(
      "FILE_TOO_DEEP",
      `the pipeline file nests lists and maps more than ${limit} deep`,
      "the file",
      limit,
      "Nest less.",
    ),
  severalDocuments: () =>
    invalid(
      "SEVERAL_DOCUMENTS",
      "the file holds more than one YAML document",
      "the file",
      undefined,
      "Keep one pipeline a file: remove the line `---` and what follows it.",
    ),
  tooManyAliases: () =>
    invalid(
      "TOO_MANY_ALIASES",
      "the file's aliases (*name) are too many, or unfold to too much data",
      "the file",
      undefined,
      "Write the values out where they are used.",
    ),
  unknownAnchor: (name: string) =>
    invalid(
      "UNKNOWN_ANCHOR",
      `there is no anchor "&${name}" before this alias`,
      "the file",
      name,
      `Put &${name} before the value it stands for, above this line, or write the value out.`,
    ),
  aliasOfItself: (name: string) =>
    invalid(
      "ALIAS_OF_ITSELF",
      `the alias "*${name}" stands inside what it names`,
      "the file",
      name,
      "Write the value out.",
    ),
  keyForm: () =>
    invalid(
      "KEY_FORM",
      "a key has to be a plain word",
      "the file",
      undefined,
      "Write a word before the colon.",
    ),
  repeatedKey: (key: string, firstLine: number) =>
    invalid(
      "REPEATED_KEY",
      `the key "${key}" is given twice, first in line ${firstLine}`,
      "the file",
      key,
      "Remove one of the two.",
    ),
  reservedKey: (key: string) =>
    invalid(
      "RESERVED_KEY",
      `the key "${key}" has a meaning of its own in JavaScript and can stand in no map`,
      "the file",
      key,
      "Remove it, or use another name.",
    ),
  unknownKey: (place: string, key: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_KEY",
      `there is no key "${key}" here`,
      place,
      key,
      key.startsWith("//") ? "Begin a comment with #." : choose(key, known, "Remove it."),
    ),
  /** A key that is an option of the stage it stands in. */
  optionOutside: (place: string, key: string, uses: string) =>
    invalid(
      "UNKNOWN_KEY",
      `there is no key "${key}" here: it is an option of ${uses}`,
      place,
      key,
      `Put it under \`with\`, indented deeper: \`with: { ${key}: ... }\`.`,
    ),
  mergeKey: () =>
    invalid(
      "MERGE_KEY",
      "the merge key << is of YAML 1.1, and pipeline files are YAML 1.2",
      "the file",
      "<<",
      "Write the values out, share them as `variables`, or let the file extend another.",
    ),
  missingKey: (place: string, key: string, example: string) =>
    invalid(
      "MISSING_KEY",
      `"${key}" is missing`,
      place,
      undefined,
      `Add it, for example \`${key}: ${example}\`.`,
    ),
  wrongForm: (place: string, value: unknown, wanted: string) =>
    invalid(
      "WRONG_FORM",
      `${text(value)} is not ${wanted}`,
      place,
      value,
      missingSpace(value) ?? `Write ${wanted}.`,
    ),
  /** Nothing but comments, if that. */
  empty: () =>
    invalid(
      "WRONG_FORM",
      "the file is empty: it has to be a map with `name` and `stages`",
      "the file",
      null,
      "`jacoflow new pipeline NAME` writes one to begin with.",
    ),
  stageName: (place: string, name: string) =>
    invalid(
      "STAGE_NAME",
      `"${name}" cannot name a stage`,
      place,
      name,
      "Use lower-case letters, digits and hyphens only: [a-z0-9-]+.",
    ),
  unknownStageType: (place: string, uses: string, known: readonly string[]) =>
    invalid("UNKNOWN_STAGE_TYPE", `there is no stage "${uses}"`, place, uses, stageToUse(uses, known)),
  unknownEngine: (place: string, engine: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_ENGINE",
      `there is no engine "${engine}" here`,
      place,
      engine,
      choose(engine, known, ""),
    ),
  noPlugins: (place: string, value: unknown) =>
    invalid("NO_PLUGINS", "this version loads no plugins", place, value, "Leave the list empty."),
  unknownOption: (place: string, uses: string, option: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_OPTION",
      `${uses} has no option "${option}"`,
      place,
      option,
      choose(option, known, `${uses} takes no options.`),
    ),
  missingOption: (place: string, uses: string, option: string, description: string) =>
    invalid(
      "MISSING_OPTION",
      `${uses} needs the option "${option}"`,
      place,
      undefined,
      `Add \`${option}\` to \`with\`${description === "" ? "" : `: ${description}`}.`,
    ),
  invalidOption: (place: string, value: unknown, wanted: string, meant: string | number | undefined) =>
    invalid(
      "INVALID_OPTION",
      `${text(value)} is not ${wanted}`,
      place,
      value,
      meant === undefined
        ? `Use ${wanted}.`
        : {
            remedy:
              value === String(meant) ? `Write ${meant}, without quotes.` : `Did you mean ${text(meant)}?`,
            suggestion: String(meant),
          },
    ),
  tooManyMistakes: (shown: number, found: number) =>
    invalid(
      "TOO_MANY_MISTAKES",
      `there are ${found - shown} mistakes more than the ${shown} that are shown`,
      "the file",
      found,
      "Correct these first.",
    ),
} as const;

/** Messages about what a pipeline file needs of the world around it. */
export const environmentErrors = {
  engineUnavailable: (place: string, engine: string, why: string) =>
    invalid(
      "ENGINE_UNAVAILABLE",
      `the engine "${engine}" cannot be used here: ${why}`,
      place,
      engine,
      "Use `engine: auto`, or one that `jacoflow doctor` shows as available.",
    ),
  outputFolder: (folder: string, why: string) =>
    invalid(
      "OUTPUT_FOLDER",
      `a run cannot be written to ${folder}: ${why}`,
      "--out",
      folder,
      "Name a folder that can be written with --out.",
    ),
  /** What a stage's own check threw. */
  checkFailed: (place: string, cause: unknown) =>
    new JacoflowError({
      code: "CHECK_FAILED",
      kind: "invalid",
      message: reason(cause),
      place,
      remedy: "Correct the stage's options or what they name.",
      cause,
    }),
} as const;

/** Messages about how stages are wired. */
export const wiringErrors = {
  unknownStage: (place: string, name: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_STAGE",
      `there is no stage named "${name}" in this pipeline`,
      place,
      name,
      missingSpace(name) ?? choose(name, known, "Declare it under `stages`."),
    ),
  unknownPort: (place: string, stage: string, port: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_PORT",
      `stage "${stage}" has no output "${port}"`,
      place,
      `${stage}.${port}`,
      choose(port, known, `"${stage}" sends nothing.`),
    ),
  unknownInput: (place: string, uses: string, input: string, known: readonly string[]) =>
    invalid(
      "UNKNOWN_INPUT",
      `${uses} has no input "${input}"`,
      place,
      input,
      choose(input, known, `${uses} reads nothing: remove \`from\`.`),
    ),
  nothingOffered: (
    place: string,
    stage: string,
    uses: string,
    offered: readonly string[],
    wanted: readonly string[],
  ) =>
    invalid(
      "NOTHING_OFFERED",
      `${uses} takes nothing that "${stage}" sends: it takes ${wanted.length === 0 ? "no table" : wanted.join(", ")}, "${stage}" sends ${offered.length === 0 ? "none" : offered.join(", ")}`,
      place,
      stage,
      `Remove "${stage}" from \`from\`, or name another stage.`,
    ),
  tableMismatch: (place: string, address: string, table: string, input: string, wanted: string) =>
    invalid(
      "TABLE_MISMATCH",
      `${address} is a ${table} table, the input "${input}" takes ${wanted}`,
      place,
      address,
      `Name an output with a ${wanted} table.`,
    ),
  severalOffers: (place: string, input: string, table: string, offers: readonly string[]) =>
    invalid(
      "SEVERAL_OFFERS",
      `the input "${input}" takes one ${table} table and is offered ${offers.length}: ${listed(offers)}`,
      place,
      offers,
      `Name the one you mean, for example \`${offers[0]}\`.`,
    ),
  severalInputs: (place: string, address: string, table: string, inputs: readonly string[]) =>
    invalid(
      "SEVERAL_INPUTS",
      `${address} could feed several inputs that take ${table}: ${inputs.join(", ")}`,
      place,
      address,
      `Say which: \`from: { ${inputs[0]}: ${address} }\`.`,
    ),
  boundTwice: (place: string, input: string, addresses: readonly string[]) =>
    invalid(
      "BOUND_TWICE",
      `the input "${input}" takes one stream and gets ${addresses.length}: ${listed(addresses)}`,
      place,
      addresses,
      "Keep one of them.",
    ),
  listedTwice: (place: string, address: string) =>
    invalid("LISTED_TWICE", `${address} is listed twice`, place, address, "Remove one of the two."),
  unconnected: (place: string, uses: string, input: string, table: string, sources: readonly string[]) =>
    invalid(
      "UNCONNECTED",
      `${uses} needs the input "${input}" (${table}), and nothing is connected to it`,
      place,
      input,
      sources.length === 0
        ? `Add a stage that sends ${table === "any" ? "a table" : table}, and name it in \`from\`.`
        : `Name one of these in \`from\`: ${listed(sources)}.`,
    ),
  noSink: (place: string) =>
    invalid(
      "NO_SINK",
      "no stage of this pipeline keeps or shows anything: there is no sink",
      place,
      undefined,
      "Add one, for example `parquet: { uses: sink/parquet, from: [...] }`.",
    ),
  cycle: (place: string, path: readonly string[]) =>
    invalid(
      "CYCLE",
      `the stages read from each other in a circle: ${listed(path, " → ")}`,
      place,
      path,
      "Remove one of these connections.",
    ),
  lossyEdge: (place: string, uses: string, address: string, policy: string) =>
    invalid(
      "LOSSY_EDGE",
      `${uses} keeps everything it is sent, and ${address} is connected with policy ${policy}, which may drop batches`,
      place,
      policy,
      "Use policy block here; keep lossy edges for what is only looked at.",
    ),
  edgeOfWhole: (place: string, input: string) =>
    invalid(
      "EDGE_OF_WHOLE",
      `the input "${input}" is gathered whole before the stage starts: capacity and policy mean nothing there`,
      place,
      input,
      "Leave out capacity and policy.",
    ),
  portForm: (place: string, value: unknown) =>
    invalid(
      "FROM_FORM",
      `${text(value)} names no stage or port`,
      place,
      value,
      "Write `stage`, `stage.port` or `{ port: stage.port, capacity: 64, policy: latest }`.",
    ),
  unknownEdgeKey: (place: string, key: string, known: readonly string[]) =>
    invalid("UNKNOWN_KEY", `an edge has no "${key}"`, place, key, choose(key, known, "Remove it.")),
  capacity: (place: string, value: unknown) =>
    invalid(
      "CAPACITY",
      `${text(value)} is not a capacity`,
      place,
      value,
      "Use a whole number of batches, 1 or more.",
    ),
  unknownPolicy: (place: string, value: unknown, known: readonly string[]) =>
    invalid(
      "UNKNOWN_POLICY",
      `there is no policy ${text(value)}`,
      place,
      value,
      choose(String(value), known, ""),
    ),
} as const;

/** What is right but probably not meant. */
export const warnings = {
  unreadStage: (place: string, stage: string) =>
    invalid(
      "UNREAD_STAGE",
      `nothing reads what stage "${stage}" sends`,
      place,
      stage,
      `Name "${stage}" in the \`from\` of another stage, or remove it.`,
    ),
} as const;

const isFull = (cause: unknown) =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT");

/** Messages of a run. */
export const runErrors = {
  /** What stages that still work get when the run ends early; never the error of a run, which is its cause if there is one. */
  stopped: (cause?: JacoflowError) =>
    new JacoflowError({
      code: "RUN_STOPPED",
      kind: "run",
      message: "the run was stopped",
      remedy: "Look at the first error of the run.",
      cause,
    }),
  /**
   * The first error of a run, with the stage's name. Code, kind and remedy stay those of the cause; of several that a stage
   * found at once those of the first, and the message has them all.
   */
  stageFailed: (stage: string, cause: unknown) => {
    const several = cause instanceof AggregateError ? cause.errors : [cause];
    const [first] = several;
    return several.length > 0 && several.every((one) => one instanceof JacoflowError)
      ? new JacoflowError({
          code: first.code,
          kind: first.kind,
          message: `stage ${stage}: ${several.map(({ message }) => message).join("\n")}`,
          place: first.place ?? `stages.${stage}`,
          value: first.value,
          ...(first.remedy === undefined ? {} : { remedy: first.remedy }),
          cause,
        })
      : new JacoflowError({
          code: "STAGE_FAILED",
          kind: "run",
          message: `stage ${stage}: ${reason(cause)}`,
          place: `stages.${stage}`,
          remedy: "This looks like a bug of the stage: see the stack in log.ndjson.",
          cause,
        });
  },
  runFolderNotEmpty: (path: string) =>
    new JacoflowError({
      code: "RUN_FOLDER_NOT_EMPTY",
      kind: "command-line",
      message: `the run folder ${path} exists and is not an empty folder`,
      place: "--out",
      value: path,
      remedy: "Name a new folder with --out, or remove this one.",
    }),
  runActive: (folder: string, pid: number, file: string) =>
    new JacoflowError({
      code: "RUN_ACTIVE",
      kind: "command-line",
      message: `process ${pid} is at work on the run in ${folder}`,
      place: folder,
      value: pid,
      remedy: `Wait for it or stop it. Where it was on another machine and has ended, remove ${file}.`,
    }),
  /** What a stage left to go on with is of another network, other examples, other options or another engine. */
  checkpointOfOtherRun: (path: string, different: readonly string[]) =>
    new JacoflowError({
      code: "CHECKPOINT_OF_OTHER_RUN",
      kind: "run",
      message: `the checkpoint ${path} belongs to other work: ${different.join(", ")} differ`,
      place: path,
      value: different,
      remedy:
        "Resume with the file, data, engine and threads of the run that was cut off, or remove the checkpoint.",
    }),
  journalTooLate: (stage: string) =>
    new JacoflowError({
      code: "JOURNAL_TOO_LATE",
      kind: "run",
      message: `stage ${stage} asked for its journal after it had sent batches, or twice`,
      place: `stages.${stage}`,
      remedy: "Await `context.journal(…)` once, before the stage's first `send`.",
    }),
  otherRunInFolder: (folder: string) =>
    new JacoflowError({
      code: "OTHER_RUN_IN_FOLDER",
      kind: "command-line",
      message: `${folder} holds a run of another file, of other values or of another seed`,
      place: "--resume",
      value: folder,
      remedy:
        "Give the file, --set, --seed and --engine of the run that was cut off, or start anew with --out.",
    }),
  diskFull: (path: string, cause: unknown) =>
    new JacoflowError({
      code: "DISK_FULL",
      kind: "run",
      message: `no room left on the disk for ${path}`,
      place: path,
      remedy: "Free some space or choose another folder with --out.",
      cause,
    }),
  // An error of ours says already which file it is of.
  writeFailed: (path: string, cause: unknown): JacoflowError =>
    cause instanceof JacoflowError
      ? cause
      : isFull(cause)
        ? runErrors.diskFull(path, cause)
        : new JacoflowError({
            code: "WRITE_FAILED",
            kind: "run",
            message: `cannot write ${path}: ${reason(cause)}`,
            place: path,
            remedy: "Check the folder and its permissions.",
            cause,
          }),
  memoryLimit: (needed: number, limit: number, largest: string) =>
    invalid(
      "MEMORY_LIMIT",
      `the run needs about ${Math.ceil(needed / 2 ** 20)} MiB, the memory limit allows plans of ${Math.floor(limit / 2 ** 20)} MiB; stage ${largest} needs most`,
      `stages.${largest}`,
      needed,
      "Raise --memory, or lower the number of examples, the rank or the block size of that stage.",
    ),
  wrongTable: (address: string, wanted: string, found: string | undefined) =>
    new JacoflowError({
      code: "WRONG_TABLE",
      kind: "run",
      message: `output ${address} sends ${wanted} and was given a ${found === undefined ? "batch of no table of ours" : `${found} batch`}`,
      place: address,
      value: found,
      remedy: "Make batches with the definition of the table this port declares.",
    }),
  schemaChanged: (address: string, difference: string) =>
    new JacoflowError({
      code: "SCHEMA_CHANGED",
      kind: "run",
      message: `output ${address} was given a batch that differs from its first one: ${difference}`,
      place: address,
      value: difference,
      remedy: "Send batches of one schema on a port: the first one fixes it for the run.",
    }),
  sentAfterEnd: (address: string) =>
    new JacoflowError({
      code: "SENT_AFTER_END",
      kind: "run",
      message: `output ${address} was given a batch after its stage had ended`,
      place: address,
      remedy: "Await every send before the stage's run returns.",
    }),
  inputReadTwice: (input: string) =>
    new JacoflowError({
      code: "INPUT_READ_TWICE",
      kind: "run",
      message: `the input ${input} is already being read`,
      place: input,
      remedy: "Read an input once, and share what you make of it.",
    }),
  inputNotFound: () =>
    new JacoflowError({
      code: "INPUT_NOT_FOUND",
      kind: "run",
      message: "inTurn stands behind no input stream, so it cannot make it wait",
      remedy: "Put inTurn into the pipe of each input, before merge or an operator of your own making.",
    }),
  nothingGathered: (address: string, input: string) =>
    new JacoflowError({
      code: "NOTHING_GATHERED",
      kind: "run",
      message: `the input "${input}" needs ${address} whole, and it ended without a single batch`,
      place: address,
      remedy: `Find out why ${address} sends nothing: an empty batch would do.`,
    }),
  replacedDictionary: (column: string) =>
    new JacoflowError({
      code: "REPLACED_DICTIONARY",
      kind: "run",
      message: `the dictionary of column "${column}" changes between two batches, which an Arrow file cannot hold`,
      place: column,
      remedy: "Make all batches of a stream with one dictionary.",
    }),
} as const;
