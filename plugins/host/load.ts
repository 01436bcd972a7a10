import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { type FoundPlugin, findPlugin } from "./find.js";
import { type Plugin, pluginApi } from "./plugin.js";

/** A plugin with where it came from. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  /** Absolute path of its module. */
  readonly file: string;
  /** Of its package; undefined for a file by itself. */
  readonly version: string | undefined;
}

/**
 * Finds and imports a plugin, which runs its code with the rights of this process. PLUGIN_NOT_FOUND,
 * PLUGIN_NOT_LOADABLE, PLUGIN_TOO_SLOW, PLUGIN_MALFORMED, PLUGIN_API; each names the plugin as it was asked for.
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
  const { name: own, api, stages = [] } = plugin as Partial<Plugin>;
  if (api !== pluginApi) throw pluginErrors.unknownApi(name, api, pluginApi);
  if (typeof own !== "string" || !/^[a-z0-9-]+$/.test(own)) {
    throw pluginErrors.malformed(
      name,
      `calls itself "${String(own)}": use lower-case letters, digits, hyphens`,
    );
  }
  if (!Array.isArray(stages)) throw pluginErrors.malformed(name, "has stages that are no list");
  for (const stage of stages) checkStage(name, stage);
  return { plugin: plugin as Plugin, file: found.file, version: versionOf(found) };
}

function versionOf({ file, packageName }: FoundPlugin): string | undefined {
  if (packageName === undefined) return undefined;
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, "utf8"));
    if (name === packageName) return version;
  }
  return undefined;
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

function checkStage(plugin: string, stage: unknown): void {
  const { name, summary, options, inputs, outputs, run } = (stage ?? {}) as Readonly<Record<string, unknown>>;
  const own = `has a stage "${String(name)}"`;
  if (typeof name !== "string" || !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(name)) {
    throw pluginErrors.malformed(plugin, `${own} whose name is not family/name`);
  }
  if (typeof summary !== "string" || summary === "") {
    throw pluginErrors.malformed(plugin, `${own} without a summary`);
  }
  if (typeof run !== "function") throw pluginErrors.malformed(plugin, `${own} without a run function`);
  for (const [kind, ports] of Object.entries({ inputs, outputs })) {
    if (typeof ports !== "object" || ports === null) {
      throw pluginErrors.malformed(plugin, `${own} without ${kind}`);
    }
  }
  const { properties } = (options ?? {}) as { readonly properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined) throw pluginErrors.malformed(plugin, `${own} without a schema of options`);
  for (const [option, schema] of Object.entries(properties)) {
    if (typeof (schema as { readonly description?: unknown }).description !== "string") {
      throw pluginErrors.malformed(plugin, `${own} whose option "${option}" has no description`);
    }
  }
}
