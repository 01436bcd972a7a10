import yargs, { type Argv } from "yargs";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import type { JacoflowError } from "../../schemas/errors/error.js";
import type { Terminal } from "./terminal.js";

/**
 * The commands, so that a mistyped one is told from a mistyped option before anything is parsed. What a command does
 * is imported when it is called: `--help` loads none of it.
 */
export const commandNames = [
  "run",
  "validate",
  "graph",
  "stages",
  "describe",
  "inspect",
  "report",
  "doctor",
] as const;

/** Runs what `words` (the command line without node and the script) ask for; resolves to the exit code. */
export async function runCommandLine(
  words: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const command = words.find((word) => !word.startsWith("-"));
  if (command !== undefined && command !== "help" && !isCommand(command)) {
    throw commandLineErrors.unknownCommand(command, commandNames);
  }
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const parser = commands(yargs([...words]), terminal, finish)
    .scriptName("jacoflow")
    .usage("jacoflow watches a network learn through its Jacobian.\n\nUsage: jacoflow <command>")
    .epilogue(
      "Exit codes: 0 done; 1 failed while running; 2 command line; 78 pipeline file or data; 130, 143 stopped.",
    )
    .locale("en")
    .version(version)
    .alias("version", "V")
    .alias("help", "h")
    .wrap(Math.min(100, terminal.columns()))
    .parserConfiguration({
      "dot-notation": false,
      "boolean-negation": false,
      "parse-positional-numbers": false,
    })
    .exitProcess(false)
    .strictOptions()
    .showHelpOnFail(false)
    .fail((message: string | null, error: Error | undefined, parsed) => {
      if (error !== undefined && error !== null) throw error;
      const known = Object.keys((parsed as unknown as ParsedOptions).getOptions().key);
      throw usageError(message ?? "", command ?? "", known);
    });
  const given = await parser.parseAsync();
  if (command === undefined && given.help !== true && given.version !== true) {
    throw commandLineErrors.noCommand(commandNames);
  }
  return exitCode;
}

/** The part of yargs that its type declarations leave out. */
interface ParsedOptions {
  getOptions(): { readonly key: Readonly<Record<string, unknown>> };
}

function isCommand(word: string): boolean {
  return (commandNames as readonly string[]).includes(word);
}

/** One of our errors for what yargs says in English. */
function usageError(message: string, command: string, known: readonly string[]): JacoflowError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message);
  if (unknown === null) return commandLineErrors.badUsage(message, command);
  return commandLineErrors.unknownFlag(unknown[1], command === "" ? "jacoflow" : command, known);
}

function commands(parser: Argv, terminal: Terminal, finish: (exitCode: number) => void) {
  return parser
    .command(
      "run <file>",
      "Run a pipeline file into a run folder",
      (builder) =>
        pipelineFile(builder)
          .option("out", {
            type: "string",
            requiresArg: true,
            describe: "Run folder  [default: runs/NAME-TIME]",
          })
          .option("dry-run", {
            type: "boolean",
            describe: "Show the plan with the tables on the edges and the memory; run nothing",
          })
          .option("threads", { type: "string", requiresArg: true, describe: "Threads of the engine" })
          .option("memory", {
            type: "string",
            requiresArg: true,
            describe: "Memory limit, such as 2GB  [default: half of the machine's]",
          })
          .option("json", {
            type: "boolean",
            describe: "End with one line of JSON on stdout: how the run went",
          })
          .option("quiet", { alias: "q", type: "boolean", describe: "Say errors only" })
          .option("verbose", {
            alias: "v",
            type: "count",
            describe: "Say more; twice: everything in the log",
          })
          .example("jacoflow run examples/quickstart.yaml", "")
          .example("jacoflow run examples/quickstart.yaml --set stages.noise.with.fraction=0.2 --seed 8", "")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./runCommand.js")).runCommand(given, terminal)),
    )
    .command(
      "validate <file>",
      "Check a pipeline file and the data it names",
      (builder) => pipelineFile(builder).check(noMoreArguments),
      async (given) => finish(await (await import("./validateCommand.js")).validateCommand(given, terminal)),
    )
    .command(
      "graph <file>",
      "Draw the graph of a pipeline file",
      (builder) =>
        pipelineFile(builder)
          .option("format", {
            choices: ["mermaid", "dot"] as const,
            default: "mermaid" as const,
            requiresArg: true,
            describe: "Language of the drawing",
          })
          .check(noMoreArguments),
      async (given) => finish(await (await import("./graphCommand.js")).graphCommand(given, terminal)),
    )
    .command(
      "stages",
      "List the stages",
      (builder) => builder.check(noMoreArguments),
      async () => finish(await (await import("./stagesCommand.js")).stagesCommand(terminal)),
    )
    .command(
      "describe <stage>",
      "Explain a stage: ports, options, an example",
      (builder) =>
        builder
          .positional("stage", { type: "string", demandOption: true, describe: "family/name" })
          .check(noMoreArguments),
      async (given) => finish(await (await import("./describeCommand.js")).describeCommand(given, terminal)),
    )
    .command(
      "inspect <run>",
      "Show what ran, its tables and its headline",
      (builder) => runFolder(builder).check(noMoreArguments),
      async (given) => finish(await (await import("./inspectCommand.js")).inspectCommand(given, terminal)),
    )
    .command(
      "report <run>",
      "Write report.html again from the tables of a run folder",
      (builder) => runFolder(builder).check(noMoreArguments),
      async (given) => finish(await (await import("./reportCommand.js")).reportCommand(given, terminal)),
    )
    .command(
      "doctor",
      "Show the engine chosen and why, threads, versions, and what is not available",
      (builder) => builder.check(noMoreArguments),
      async () => finish(await (await import("./doctorCommand.js")).doctorCommand(terminal)),
    );
}

function pipelineFile(builder: Argv) {
  return builder
    .positional("file", { type: "string", demandOption: true, describe: "Pipeline file, YAML or JSON" })
    .option("set", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "Override a value of the file: stages.NAME.with.OPTION=VALUE; may be given several times",
    })
    .option("seed", { type: "string", requiresArg: true, describe: "Seed of the run, instead of the file's" })
    .option("engine", {
      type: "string",
      requiresArg: true,
      describe: "Engine, instead of the file's; `auto` chooses",
    });
}

function runFolder(builder: Argv) {
  return builder.positional("run", { type: "string", demandOption: true, describe: "Run folder" });
}

/** Refuses words past the positional ones, and an option that takes one value but was given twice. */
function noMoreArguments(given: {
  readonly _: readonly (string | number)[];
  readonly [name: string]: unknown;
}): true {
  const [command, extra] = given._.map(String);
  if (extra !== undefined) throw commandLineErrors.unexpectedArgument(extra, command);
  for (const name of ["seed", "out", "engine", "threads", "memory", "format"]) {
    const value = given[name];
    if (Array.isArray(value)) {
      throw commandLineErrors.badFlagValue(name, value.join(" and "), "one value", "Give it once.");
    }
  }
  return true;
}
