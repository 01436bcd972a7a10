import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { parse, parseDocument } from "yaml";
import { program, repository } from "../builtCommandLine.js";
import { type Block, commandsOf, scriptCalled } from "./blocks.js";

/** Whether a block was run, or why not. */
export type Trial = { readonly ran: true } | { readonly ran: false; readonly reason: string };

const ran: Trial = { ran: true };
const minutesAllowed = 2;

/** Makes `folder` one where jacoflow and its first-party plugins are installed, with the examples, their `data/` and `plugins/` beside. */
export function furnish(folder: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, ".bin"), { recursive: true });
  symlinkSync(repository, join(modules, "jacoflow"));
  symlinkSync(program, join(modules, ".bin/jacoflow"));
  const installed = readdirSync(join(repository, "node_modules"));
  const plugins = installed.filter((name) => name.startsWith("jacoflow-plugin-"));
  for (const name of [
    "typescript",
    "typebox",
    "uvu",
    "@types",
    "@duckdb",
    "@observablehq",
    "hyparquet",
    "linkedom",
    ...plugins,
  ]) {
    symlinkSync(join(repository, "node_modules", name), join(modules, name));
  }
  symlinkSync(join(repository, "examples"), join(folder, "examples"));
  symlinkSync(join(repository, "examples/data"), join(folder, "data"));
  symlinkSync(join(repository, "examples/plugins"), join(folder, "plugins"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
}

/** Does with a block what its reader would do with it; throws with what went wrong. */
export async function tryBlock(block: Block, folder: string): Promise<Trial> {
  const { language, text, reason } = block;
  if (block.file !== undefined) save(folder, block.file, text);
  if (reason !== undefined) return { ran: false, reason };
  switch (language) {
    case "text":
      return { ran: false, reason: "output" };
    case "sh":
      return tryCommands(text, folder);
    case "yaml":
      return tryYaml(block, folder);
    case "json":
      JSON.parse(text);
      return ran;
    case "ts":
    case "js":
      return tryProgram(block, folder);
    case "python":
    case "r":
      return { ran: false, reason: "npm run test:interop runs it" };
    case "sql":
      return tryQuery(text, folder);
    default:
      throw new Error(
        `a block of ${language === "" ? "no language" : `the language "${language}"`}: use text, sh, yaml, json, ts, js, sql, python or r`,
      );
  }
}

/**
 * Runs the commands of a block in one shell. npm's scripts are only looked up in package.json, for the tests run them or
 * they measure for minutes, and `npm install` and `npm ci` are left out, for they need the registry.
 */
function tryCommands(text: string, folder: string): Trial {
  const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const commands = commandsOf(text).filter((command) => {
    const script = scriptCalled(command);
    if (script !== undefined && scripts[script] === undefined) {
      throw new Error(`package.json has no script "${script}"`);
    }
    return script === undefined && !/^npm (install|ci)\b/.test(command);
  });
  if (commands.length === 0) return { ran: false, reason: "npm's scripts: looked up only" };
  // What `npx` finds is in the folder: the same, without the time npm takes to start.
  run("bash", ["-c", ["set -euo pipefail", 'npx() { "$@"; }', ...commands].join("\n")], folder);
  return ran;
}

/** A whole pipeline is validated; anything else has to be YAML. */
function tryYaml(block: Block, folder: string): Trial {
  const { errors } = parseDocument(block.text);
  if (errors.length > 0) throw errors[0];
  const content = parse(block.text) as unknown;
  if (typeof content !== "object" || content === null || !("stages" in content)) return ran;
  const file = block.file ?? save(folder, `block-${block.line}.yaml`, block.text);
  run("jacoflow", ["validate", file], folder);
  return ran;
}

/** Compiles TypeScript strictly; runs the program. */
function tryProgram(block: Block, folder: string): Trial {
  const file = block.file ?? save(folder, `block-${block.line}.${block.language}`, block.text);
  if (block.language === "ts") {
    const settings = "--target es2023 --module nodenext --strict --skipLibCheck --types node".split(" ");
    run("node", ["node_modules/typescript/bin/tsc", ...settings, file], folder);
  }
  run("node", [file.replace(/\.ts$/, ".js")], folder);
  return ran;
}

/** A query has to find something. */
async function tryQuery(text: string, folder: string): Promise<Trial> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`set file_search_path = '${folder.replaceAll("'", "''")}'`);
    const reader = await connection.runAndReadAll(text);
    if (reader.currentRowCount === 0) throw new Error("the query finds nothing");
    return ran;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function save(folder: string, file: string, text: string): string {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
  return file;
}

function run(command: string, words: readonly string[], folder: string): void {
  const { status, signal, stdout, stderr, error } = spawnSync(command, words, {
    cwd: folder,
    encoding: "utf8",
    timeout: minutesAllowed * 60_000,
    env: { ...process.env, PATH: `${join(folder, "node_modules/.bin")}:${process.env.PATH}` },
  });
  if (status === 0) return;
  throw new Error(
    `${command} ${words.join(" ")}: ${error?.message ?? `ended with ${status ?? signal}`}\n${stdout}${stderr}`,
  );
}
