import { loadPlugin } from "../../plugins/host/load.js";
import type { Plugin } from "../../plugins/host/plugin.js";
import { registerPlugins } from "../../plugins/host/register.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import type { PluggedStages } from "../file/request.js";
import type { Composition } from "./compose.js";

/** Loads the plugins a file lists, then those of the command line, in order, and puts their stages among the others. */
export async function pluggedStages(
  listed: readonly string[],
  besides: readonly string[],
  folder: string,
  { stages }: Composition,
  forbidden: boolean,
): Promise<PluggedStages> {
  const plugins: Plugin[] = [];
  const mistakes: { at: number | undefined; error: JacoflowError }[] = [];
  let registered = stages;
  for (const [index, name] of [...listed, ...besides].entries()) {
    const at = index < listed.length ? index : undefined;
    try {
      if (forbidden) throw pluginErrors.forbidden(name);
      const plugin = await loadPlugin(name, [folder, process.cwd()]);
      registered = registerPlugins(stages, [...plugins, plugin]);
      plugins.push(plugin);
    } catch (error) {
      if (!(error instanceof JacoflowError)) throw error;
      mistakes.push({ at, error });
    }
  }
  return { stages: registered, mistakes };
}
