import { pathToFileURL } from "node:url";
import { loadPlugin } from "../../plugins/host/load.js";
import type { StageTrialFacts } from "../../plugins/kit/bench.js";
import { checkPlugin, type LawResult } from "../../plugins/kit/check.js";
import { builtIns } from "../../stages/index.js";
import type { Terminal } from "./terminal.js";

export interface CheckPluginFlags {
  /** As in a pipeline file: a name, or a path from the current folder. */
  readonly plugin: string;
  readonly json?: boolean | undefined;
}

/** Holds what a plugin brings to the laws of its kind. Resolves to 0, to 1 when a law is broken. */
export async function checkPluginCommand(given: CheckPluginFlags, terminal: Terminal): Promise<number> {
  const { plugin, file, folder } = await loadPlugin(given.plugin, [process.cwd()]);
  const results = await checkPlugin(builtIns, plugin, { trials: await trialsOf(file), folder });
  if (given.json === true) terminal.out(`${JSON.stringify(results, null, 2)}\n`);
  else terminal.out(textOf(plugin.name, results));
  return results.every(({ passed }) => passed) ? 0 : 1;
}

/** What the module says of how to try its stages. */
async function trialsOf(file: string): Promise<Readonly<Record<string, StageTrialFacts>>> {
  const { trials = {} } = (await import(pathToFileURL(file).href)) as {
    readonly trials?: Readonly<Record<string, StageTrialFacts>>;
  };
  return trials;
}

function textOf(plugin: string, results: readonly LawResult[]): string {
  const lines = [...new Set(results.map(({ subject }) => subject))].flatMap((subject) => {
    const said = new Set<string>();
    const own = results.filter((result) => result.subject === subject);
    return [subject, ...own.map((result) => lineOf(result, said))];
  });
  const broken = results.filter(({ passed }) => !passed).length;
  const sum = broken === 0 ? "every law is kept" : `${broken} of ${results.length} laws are broken`;
  return `${lines.join("\n")}\n${plugin}: ${sum}\n`;
}

/** What cannot run breaks many laws for one reason: each is said once. */
function lineOf({ law, reason }: LawResult, said: Set<string>): string {
  if (reason === undefined) return `  ✔ ${law}`;
  if (said.has(reason)) return `  ✘ ${law}: the same`;
  said.add(reason);
  return `  ✘ ${law}: ${reason}`;
}
