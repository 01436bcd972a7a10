import type { Options } from "yargs";

/** What the commands that read a pipeline file have in common. */
export const pipelineFlags = {
  set: {
    type: "string",
    array: true,
    nargs: 1,
    describe: "Override a value of the file: stages.NAME.with.OPTION=VALUE; may be given several times",
  },
  only: { type: "string", requiresArg: true, describe: "Of a file with a matrix, the run of this id alone" },
  seed: { type: "string", requiresArg: true, describe: "Seed of the run, instead of the file's" },
  plugins: {
    type: "string",
    requiresArg: true,
    describe: "Plugins besides the file's, a comma between: names, or paths from the file's folder",
  },
  "no-plugins": { type: "boolean", describe: "Refuse to load any plugin" },
  engine: { type: "string", requiresArg: true, describe: "Engine, instead of the file's; `auto` chooses" },
} as const satisfies Readonly<Record<string, Options>>;

export const runFlags = {
  ...pipelineFlags,
  out: { type: "string", requiresArg: true, describe: "Run folder  [default: runs/NAME-TIME]" },
  resume: {
    type: "string",
    requiresArg: true,
    describe:
      "Run folder of the same run that was cut off: go on with it, nothing that is there is lost; not there: start it",
  },
  "dry-run": {
    type: "boolean",
    describe: "Show the plan with the tables on the edges and the memory; run nothing",
  },
  threads: {
    type: "string",
    requiresArg: true,
    describe: "Threads the engine computes on  [default: all; wasm and cpu have one]",
  },
  memory: {
    type: "string",
    requiresArg: true,
    describe: "Memory limit, such as 2GB  [default: half of the machine's]",
  },
  jobs: {
    type: "string",
    requiresArg: true,
    describe: "Runs of a matrix at a time, sharing threads and memory  [default: 1]",
  },
  shard: { type: "string", requiresArg: true, describe: "Share of a matrix to run: 1/4 to 4/4" },
  serve: {
    type: "string",
    describe: "Show the run in a browser while it goes on; --serve=PORT chooses the port  [default: 4180]",
  },
  stream: {
    type: "string",
    array: true,
    nargs: 1,
    describe:
      "Stream a table as Arrow IPC: - is the metrics on stdout, TABLE=- another table, TABLE=FILE a file of the run folder; may be given several times",
  },
  json: { type: "boolean", describe: "End with one line of JSON on stdout: how the run went" },
  quiet: { alias: "q", type: "boolean", describe: "Say errors only" },
  verbose: { alias: "v", type: "count", describe: "Say more; twice: everything in the log" },
} as const satisfies Readonly<Record<string, Options>>;

export const validateFlags = {
  ...pipelineFlags,
  out: { type: "string", requiresArg: true, describe: "Run folder that has to be possible  [default: runs]" },
  "no-environment": {
    type: "boolean",
    describe: "Check form and wiring only: look for no files, no engine, no run folder",
  },
  "deny-warnings": { type: "boolean", describe: "Fail where there is a warning" },
  format: {
    choices: ["text", "json"],
    default: "text",
    requiresArg: true,
    describe: "json: an array of all that was found, for editors and CI",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const graphFlags = {
  ...pipelineFlags,
  format: {
    choices: ["mermaid", "dot", "svg"],
    default: "mermaid",
    requiresArg: true,
    describe: "Language of the drawing; svg is a picture by itself",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const reportFlags = {
  compare: { type: "string", array: true, requiresArg: true, describe: "Run folders to show side by side" },
  out: {
    type: "string",
    requiresArg: true,
    describe: "File to write  [default: report.html in the run folder, or comparison.html]",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const serveFlags = {
  port: { type: "string", requiresArg: true, describe: "Port, 0 for any that is free  [default: 4180]" },
  address: {
    type: "string",
    requiresArg: true,
    describe: "Address to listen on; any but this machine's own needs a token  [default: 127.0.0.1]",
  },
  token: { type: "string", requiresArg: true, describe: "What a reader has to know: 16 characters or more" },
} as const satisfies Readonly<Record<string, Options>>;

/** Of the commands that read no pipeline file. */
export const pluginFlags = {
  plugins: {
    type: "string",
    requiresArg: true,
    describe: "Load these plugins too, a comma between: names, or paths from the current folder",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const queryFlags = {
  format: {
    choices: ["table", "csv", "ndjson"],
    default: "table",
    requiresArg: true,
    describe: "How the rows are written on stdout",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const doctorFlags = {
  build: {
    type: "boolean",
    describe: "Build the native engine first, where the install could not or did not",
  },
} as const satisfies Readonly<Record<string, Options>>;

export const checkPluginFlags = {
  json: { type: "boolean", describe: "Write what each law found as a JSON array on stdout" },
} as const satisfies Readonly<Record<string, Options>>;

/** The flags of each command; `--help` is everybody's. */
export const flagsOf: Readonly<Record<string, Readonly<Record<string, Options>>>> = {
  run: runFlags,
  validate: validateFlags,
  graph: graphFlags,
  stages: pluginFlags,
  describe: pluginFlags,
  schema: pluginFlags,
  "check-plugin": checkPluginFlags,
  new: {},
  inspect: {},
  query: queryFlags,
  compact: {},
  report: reportFlags,
  serve: serveFlags,
  doctor: doctorFlags,
};
