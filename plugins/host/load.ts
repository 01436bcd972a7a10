import { pathToFileURL } from "node:url";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { checkContents } from "./check.js";
import { type FoundPlugin, findPlugin } from "./find.js";
import { type Plugin, pluginApi } from "./plugin.js";

/** A plugin with where it came from. */
export interface LoadedPlugin extends FoundPlugin {
  readonly plugin: Plugin;
}

/**
 * Finds and imports a plugin, which runs its code with the rights of this process. PLUGIN_NOT_FOUND, PLUGIN_FOLDER,
 * PLUGIN_NOT_BUILT, PLUGIN_NOT_LOADABLE, PLUGIN_TOO_SLOW, PLUGIN_MALFORMED, PLUGIN_API; each names the plugin as it was
 * asked for.
 *
 * @param folders from which packages are seen; a path starts at the first
 * @param secondsAllowed for what the module awaits; code that never gives way is not stopped
 */
export async function loadPlugin(
  name: string,
  folders: readonly string[],
  secondsAllowed = 10,
): Promise<LoadedPlugin> {
  const found = findPlugin(name, folders);
  const module = await inTime(name, import(pathToFileURL(found.file).href), secondsAllowed);
  const plugin: unknown = (module as { readonly default?: unknown }).default;
  if (typeof plugin !== "object" || plugin === null) {
    throw pluginErrors.malformed(name, "has no plugin as its default export");
  }
  const { name: own, api } = plugin as Partial<Plugin>;
  if (api !== pluginApi) throw pluginErrors.unknownApi(name, api, pluginApi);
  if (typeof own !== "string" || !/^[a-z0-9-]+$/.test(own)) {
    throw pluginErrors.malformed(
      name,
      `calls itself "${String(own)}": use lower-case letters, digits, hyphens`,
    );
  }
  checkContents(name, plugin as Partial<Plugin>);
  return { plugin: plugin as Plugin, ...found };
}

async function inTime<Value>(name: string, work: Promise<Value>, secondsAllowed: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(pluginErrors.tooSlow(name, secondsAllowed)), secondsAllowed * 1000);
  });
  const settled = work.catch((error) => {
    throw pluginErrors.notLoadable(name, error);
  });
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
