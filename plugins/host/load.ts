import { JacoflowError } from "../../schemas/errors/error.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { checkContents } from "./check.js";
import { type FoundPlugin, findPlugin } from "./find.js";
import { importPlugin } from "./import.js";
import type { Plugin } from "./plugin.js";

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
 * @param secondsAllowed for what the module computes and awaits
 */
export async function loadPlugin(
  name: string,
  folders: readonly string[],
  secondsAllowed = 10,
): Promise<LoadedPlugin> {
  const found = findPlugin(name, folders);
  const { default: plugin } = await importPlugin(name, found.file, secondsAllowed);
  try {
    checkContents(name, plugin);
  } catch (error) {
    // Reading what it brings may run its code again.
    throw error instanceof JacoflowError ? error : pluginErrors.notLoadable(name, error);
  }
  return { plugin, ...found };
}
