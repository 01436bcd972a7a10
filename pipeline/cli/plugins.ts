import { loadPlugin } from "../../plugins/host/load.js";
import type { Plugin } from "../../plugins/host/plugin.js";
import { registerPlugins } from "../../plugins/host/register.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { codeFrame } from "../file/codeFrame.js";
import { FileMistake, PipelineFileErrors } from "../file/mistake.js";
import type { PluggedStages } from "../file/request.js";
import type { PluginRecord } from "../graph/resolved.js";
import type { Composition } from "./compose.js";

/** What the command line says to a command that reads no file. */
export interface PluginFlags {
  /** Plugins, a comma between. */
  readonly plugins?: string | undefined;
}

/** Which plugins are asked for. */
export interface AskedPlugins {
  /** By the pipeline file. */
  readonly listed: readonly string[];
  /** By `--plugins`: names with a comma between, loaded after the file's. */
  readonly flag?: string | undefined;
  /** By `--no-plugins`: none may be loaded. */
  readonly forbidden?: boolean;
}

/** Loads plugins in order and puts their stages among the others; paths start at `folder`. */
export async function pluggedStages(
  { listed, flag, forbidden }: AskedPlugins,
  folder: string,
  { stages, builtIns }: Composition,
): Promise<PluggedStages> {
  const plugins: Plugin[] = [];
  const records: PluginRecord[] = [];
  let registered = stages;
  const load = async (name: string): Promise<JacoflowError | undefined> => {
    try {
      if (forbidden === true) throw pluginErrors.forbidden(name);
      const { plugin, file, version } = await loadPlugin(name, [folder, process.cwd()]);
      registered = registerPlugins(builtIns, [...plugins, plugin]);
      plugins.push(plugin);
      records.push({ name: plugin.name, version: version ?? null, file });
    } catch (error) {
      if (!(error instanceof JacoflowError)) throw error;
      return error;
    }
  };
  const mistakes: { at: number; error: JacoflowError }[] = [];
  for (const [at, name] of listed.entries()) {
    const error = await load(name);
    if (error !== undefined) mistakes.push({ at, error });
  }
  const outside: FileMistake[] = [];
  for (const { name, column, text } of namesIn(flag)) {
    const error = await load(name);
    if (error === undefined) continue;
    const location = { file: "command line", line: 1, column };
    outside.push(new FileMistake(error, location, codeFrame([text], 1, column)));
  }
  return { stages: registered, plugins: records, mistakes, outside };
}

/** The stages there are with those of `--plugins`, where there is no file; paths start at the current folder. */
export async function stagesWith(
  flag: string | undefined,
  parts: Composition,
): Promise<Composition["stages"]> {
  const { stages, outside } = await pluggedStages({ listed: [], flag }, process.cwd(), parts);
  if (outside.length > 0) throw new PipelineFileErrors(outside);
  return stages;
}

/** The names of a `--plugins` flag, each with its column in the flag as it was written. */
function namesIn(flag = "") {
  const text = `--plugins ${flag}`;
  let column = "--plugins ".length + 1;
  return flag
    .split(",")
    .map((name) => {
      const here = column;
      column += name.length + 1;
      return { name, column: here, text };
    })
    .filter(({ name }) => name !== "");
}
