import yargs, { type Argv } from "yargs";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import type { JacoflowError } from "../../schemas/errors/error.js";
import {
  checkPluginFlags,
  doctorFlags,
  flagsOf,
  graphFlags,
  pluginFlags,
  queryFlags,
  reportFlags,
  runFlags,
  serveFlags,
  validateFlags,
} from "./flags.js";
import type { Terminal } from "./terminal.js";

/**
 * The commands, so that a mistyped one is told from a mistyped option before anything is parsed. What a command does
 * is imported when it is called: `--help` loads none of it.
 */
export const commandNames = Object.keys(flagsOf);

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
  const parser = commands(yargs(withDashes(words).map(spelledOut)), terminal, finish)
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
    .fail((message: string | null, error: Error | null | undefined) => {
      // yargs hands its own errors over as either; anything else comes from a command.
      if (error instanceof Error && error.name !== "YError") throw error;
      throw usageError(message ?? error?.message ?? "", command ?? "");
    });
  const given = await parser.parseAsync();
  if (command === undefined && given.help !== true && given.version !== true) {
    throw commandLineErrors.noCommand(commandNames);
  }
  return exitCode;
}

/** `--serve` may stand alone: it must not take the next word, which may be the file, for its port. */
const spelledOut = (word: string) => (word === "--serve" ? "--serve=" : word);

/** `--stream -` as `--stream=-`: yargs takes a lone dash for no value. */
function withDashes(words: readonly string[]): string[] {
  const given = words.map((word, at) => (word === "--stream" && words[at + 1] === "-" ? "--stream=-" : word));
  return given.filter(
    (_, at) => given[at - 1] !== "--stream=-" || words[at] !== "-" || words[at - 1] !== "--stream",
  );
}

function isCommand(word: string): boolean {
  return commandNames.includes(word);
}

/** One of our errors for what yargs says in English. */
function usageError(message: string, command: string): JacoflowError {
  const unknown = /^Unknown arguments?: ([^,]+)/.exec(message);
  if (unknown === null) return commandLineErrors.badUsage(message, command);
  const known = ["help", ...(command === "" ? ["version"] : Object.keys(flagsOf[command]))];
  return commandLineErrors.unknownFlag(unknown[1], command === "" ? "jacoflow" : command, known);
}

function commands(parser: Argv, terminal: Terminal, finish: (exitCode: number) => void) {
  return parser
    .command(
      "run <file>",
      "Run a pipeline file into a run folder",
      (builder) =>
        pipelineFile(builder)
          .options(runFlags)
          .example("jacoflow run examples/quickstart.yaml", "")
          .example("jacoflow run examples/quickstart.yaml --set stages.noise.with.fraction=0.2 --seed 8", "")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./runCommand.js")).runCommand(given, terminal)),
    )
    .command(
      "validate <file>",
      "Check a pipeline file and the data it names",
      (builder) => pipelineFile(builder).options(validateFlags).check(noMoreArguments),
      async (given) => finish(await (await import("./validateCommand.js")).validateCommand(given, terminal)),
    )
    .command(
      "graph <file>",
      "Draw the graph of a pipeline file",
      (builder) => pipelineFile(builder).options(graphFlags).check(noMoreArguments),
      async (given) => finish(await (await import("./graphCommand.js")).graphCommand(given, terminal)),
    )
    .command(
      "stages",
      "List the stages",
      (builder) => builder.options(pluginFlags).check(noMoreArguments),
      async (given) => finish(await (await import("./stagesCommand.js")).stagesCommand(given, terminal)),
    )
    .command(
      "describe <stage>",
      "Explain a stage: ports, options, an example",
      (builder) =>
        builder
          .positional("stage", { type: "string", demandOption: true, describe: "family/name" })
          .options(pluginFlags)
          .check(noMoreArguments),
      async (given) => finish(await (await import("./describeCommand.js")).describeCommand(given, terminal)),
    )
    .command(
      "schema",
      "Write the JSON Schema of pipeline files, for editors",
      (builder) => builder.options(pluginFlags).check(noMoreArguments),
      async (given) => finish(await (await import("./schemaCommand.js")).schemaCommand(given, terminal)),
    )
    .command(
      "check-plugin <plugin>",
      "Try what a plugin brings: does it keep the laws of its kind?",
      (builder) =>
        builder
          .positional("plugin", { type: "string", demandOption: true, describe: "Its name, or a path" })
          .options(checkPluginFlags)
          .example("jacoflow check-plugin ./my-plugin.js", "")
          .check(noMoreArguments),
      async (given) =>
        finish(await (await import("./checkPluginCommand.js")).checkPluginCommand(given, terminal)),
    )
    .command(
      "new <kind> [name]",
      "Write a pipeline file or a plugin to start from",
      (builder) =>
        builder
          .positional("kind", { type: "string", demandOption: true, describe: "pipeline or plugin" })
          .positional("name", { type: "string", describe: "Its name: lower-case letters, digits, hyphens" })
          .example("jacoflow new pipeline my-run", "Writes my-run.yaml")
          .example("jacoflow new plugin margin", "Writes the folder jacoflow-plugin-margin")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./newCommand.js")).newCommand(given, terminal)),
    )
    .command(
      "inspect <run>",
      "Show what ran, its tables and its headline",
      (builder) => runFolder(builder).check(noMoreArguments),
      async (given) => finish(await (await import("./inspectCommand.js")).inspectCommand(given, terminal)),
    )
    .command(
      "query <run> <sql>",
      "Ask DuckDB about the Parquet tables of a run or of a folder of runs, a view a table",
      (builder) =>
        runFolder(builder)
          .positional("sql", { type: "string", demandOption: true, describe: "A query" })
          .options(queryFlags)
          .example("jacoflow query RUN \"select epoch, value from metrics where name = 'error'\"", "")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./queryCommand.js")).queryCommand(given, terminal)),
    )
    .command(
      "compact <run>",
      "Merge the Parquet parts of a run that is done into one file a table and stage",
      (builder) => runFolder(builder).check(noMoreArguments),
      async (given) => finish(await (await import("./compactCommand.js")).compactCommand(given, terminal)),
    )
    .command(
      "report [run]",
      "Write report.html again from the tables of a run folder, or a page that compares several",
      (builder) =>
        builder
          .positional("run", { type: "string", describe: "Run folder" })
          .options(reportFlags)
          .example("jacoflow report runs/one", "Writes runs/one/report.html")
          .example("jacoflow report --compare runs/one runs/two", "Writes comparison.html")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./reportCommand.js")).reportCommand(given, terminal)),
    )
    .command(
      "serve [runs]",
      "Show runs in a browser, past and running ones",
      (builder) =>
        builder
          .positional("runs", { type: "string", describe: "Folder of runs, or one run  [default: runs]" })
          .options(serveFlags)
          .example("jacoflow serve runs", "Prints the address to open")
          .check(noMoreArguments),
      async (given) => finish(await (await import("./serveCommand.js")).serveCommand(given, terminal)),
    )
    .command(
      "doctor",
      "Show the engine chosen and why, threads, versions, and what is not available",
      (builder) => builder.options(doctorFlags).check(noMoreArguments),
      async (given) => finish(await (await import("./doctorCommand.js")).doctorCommand(given, terminal)),
    );
}

function pipelineFile(builder: Argv) {
  return builder.positional("file", {
    type: "string",
    demandOption: true,
    describe: "Pipeline file, YAML or JSON",
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
  for (const name of [
    "seed",
    "only",
    "jobs",
    "shard",
    "out",
    "engine",
    "threads",
    "memory",
    "format",
    "plugins",
    "serve",
    "port",
    "address",
    "token",
  ]) {
    const value = given[name];
    if (Array.isArray(value)) {
      throw commandLineErrors.badFlagValue(name, value.join(" and "), "one value", "Give it once.");
    }
  }
  return true;
}
