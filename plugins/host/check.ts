import { reservedOptions } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import type { Plugin } from "./plugin.js";

type Parts = Readonly<Record<string, unknown>>;

/** Whether what a plugin brings keeps the contract. PLUGIN_MALFORMED, with the name the plugin was asked for by. */
export function checkContents(
  plugin: string,
  { stages = [], architectures = {}, labelNoises = {}, layers = {} }: Partial<Plugin>,
): void {
  if (!Array.isArray(stages)) throw pluginErrors.malformed(plugin, "has stages that are no list");
  for (const stage of stages) checkStage(plugin, stage);
  checkNamed(plugin, "architecture", architectures, "network", reservedOptions.architecture);
  checkNamed(plugin, "label noise", labelNoises, "law", reservedOptions.labelNoise);
  checkNamed(plugin, "layer", layers, "layers", reservedOptions.layer);
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
  checkOptions(plugin, own, options);
}

/** Named things with a summary, options and a function; names are as those of plugins. */
function checkNamed(
  plugin: string,
  kind: string,
  things: unknown,
  work: string,
  reserved: readonly string[],
): void {
  if (typeof things !== "object" || things === null || Array.isArray(things)) {
    throw pluginErrors.malformed(plugin, `has ${kind}s that are no map by name`);
  }
  for (const [name, thing] of Object.entries(things)) {
    const own = `has ${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind} "${name}"`;
    const parts = (thing ?? {}) as Parts;
    if (!/^[a-z0-9-]+$/.test(name)) {
      throw pluginErrors.malformed(plugin, `${own}: use lower-case letters, digits, hyphens`);
    }
    if (typeof parts.summary !== "string" || parts.summary === "") {
      throw pluginErrors.malformed(plugin, `${own} without a summary`);
    }
    if (typeof parts[work] !== "function") {
      throw pluginErrors.malformed(plugin, `${own} without a function ${work}`);
    }
    checkOptions(plugin, own, parts.options);
    const taken = reserved.find((option) => option in ((parts.options as Parts).properties as Parts));
    if (taken !== undefined) {
      throw pluginErrors.malformed(plugin, `${own} whose option "${taken}" is one of the stage itself`);
    }
  }
}

function checkOptions(plugin: string, own: string, options: unknown): void {
  const { properties } = (options ?? {}) as { readonly properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined) throw pluginErrors.malformed(plugin, `${own} without a schema of options`);
  for (const [option, schema] of Object.entries(properties)) {
    if (typeof (schema as { readonly description?: unknown }).description !== "string") {
      throw pluginErrors.malformed(plugin, `${own} whose option "${option}" has no description`);
    }
  }
}
