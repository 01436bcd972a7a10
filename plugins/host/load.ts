import { pluginErrors } from "../../schemas/errors/plugins.js";
import { findPlugin } from "./find.js";
import { type Plugin, pluginApi } from "./plugin.js";

const secondsAllowed = 10;

/**
 * Finds and imports a plugin, which runs its code with the rights of this process. PLUGIN_NOT_FOUND,
 * PLUGIN_NOT_LOADABLE, PLUGIN_TOO_SLOW, PLUGIN_MALFORMED, PLUGIN_API; each names the plugin as it was asked for.
 */
export async function loadPlugin(name: string, folders: readonly string[]): Promise<Plugin> {
  const module = await inTime(name, import(findPlugin(name, folders)));
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
  return plugin as Plugin;
}

async function inTime<Value>(name: string, work: Promise<Value>): Promise<Value> {
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
