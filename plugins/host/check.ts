import { reservedOptions, tableNames } from "../../pipeline/stage.js";
import { nearest } from "../../schemas/errors/nearest.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { type Plugin, pluginApi } from "./plugin.js";

type Parts = Readonly<Record<string, unknown>>;

const parts = [
  "name",
  "api",
  "stages",
  "architectures",
  "labelNoises",
  "layers",
] as const satisfies readonly (keyof Plugin)[];

/**
 * Whether a module's default export is a plugin that keeps the contract. PLUGIN_API, PLUGIN_MALFORMED, with the name the
 * plugin was asked for by.
 */
export function checkContents(plugin: string, found: unknown): asserts found is Plugin {
  if (typeof found !== "object" || found === null) {
    throw pluginErrors.malformed(plugin, "has no plugin as its default export");
  }
  const { name, api, stages = [], architectures = {}, labelNoises = {}, layers = {} } = found as Parts;
  if (api !== pluginApi) throw pluginErrors.unknownApi(plugin, api, pluginApi);
  if (typeof name !== "string" || !/^[a-z0-9-]+$/.test(name)) {
    throw pluginErrors.malformed(
      plugin,
      `calls itself "${String(name)}": use lower-case letters, digits, hyphens`,
    );
  }
  const stray = Object.keys(found).find((key) => !parts.some((part) => part === key));
  if (stray !== undefined) {
    const close = stray === "sinks" ? "stages" : nearest(stray, parts);
    throw pluginErrors.malformed(
      plugin,
      `brings "${stray}", which is none of ${parts.join(", ")}${close === undefined ? "" : `: did it mean "${close}"?`}`,
    );
  }
  if (!Array.isArray(stages)) throw pluginErrors.malformed(plugin, "has stages that are no list");
  for (const stage of stages) checkStage(plugin, stage);
  checkNamed(plugin, "architecture", architectures, "network", reservedOptions.architecture);
  checkNamed(plugin, "label noise", labelNoises, "law", reservedOptions.labelNoise);
  checkNamed(plugin, "layer", layers, "layers", reservedOptions.layer);
}

function checkStage(plugin: string, stage: unknown): void {
  const { name, summary, options, inputs, outputs, replaces, ...methods } = (stage ?? {}) as Parts;
  const own = `has a stage "${String(name)}"`;
  if (typeof name !== "string" || !/^[a-z0-9-]+\/[a-z0-9-]+$/.test(name)) {
    throw pluginErrors.malformed(plugin, `${own} whose name is not family/name`);
  }
  if (typeof summary !== "string" || summary === "") {
    throw pluginErrors.malformed(plugin, `${own} without a summary`);
  }
  if (typeof methods.run !== "function")
    throw pluginErrors.malformed(plugin, `${own} without a run function`);
  for (const method of ["checkOptions", "check", "plan"]) {
    if (methods[method] !== undefined && typeof methods[method] !== "function") {
      throw pluginErrors.malformed(plugin, `${own} whose ${method} is no function`);
    }
  }
  if (replaces !== undefined && typeof replaces !== "string") {
    throw pluginErrors.malformed(plugin, `${own} that replaces what is no name`);
  }
  checkPorts(plugin, own, "input", inputs);
  checkPorts(plugin, own, "output", outputs);
  checkOptions(plugin, own, options);
}

function checkPorts(plugin: string, own: string, side: "input" | "output", ports: unknown): void {
  if (typeof ports !== "object" || ports === null) {
    throw pluginErrors.malformed(plugin, `${own} without ${side}s`);
  }
  for (const [port, declared] of Object.entries(ports)) {
    const { table, delivery } = (declared ?? {}) as Parts;
    if (!tableNames.some((known) => known === table) && !(side === "input" && table === "any")) {
      throw pluginErrors.malformed(plugin, `${own} whose ${side} "${port}" is of no table: ${String(table)}`);
    }
    if (side === "input" && delivery !== "whole" && delivery !== "stream") {
      throw pluginErrors.malformed(plugin, `${own} whose input "${port}" is neither whole nor a stream`);
    }
  }
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
    const { summary, options, ...methods } = (thing ?? {}) as Parts;
    if (!/^[a-z0-9-]+$/.test(name)) {
      throw pluginErrors.malformed(plugin, `${own}: use lower-case letters, digits, hyphens`);
    }
    if (typeof summary !== "string" || summary === "") {
      throw pluginErrors.malformed(plugin, `${own} without a summary`);
    }
    if (typeof methods[work] !== "function") {
      throw pluginErrors.malformed(plugin, `${own} without a function ${work}`);
    }
    checkOptions(plugin, own, options);
    const taken = reserved.find((option) => option in ((options as Parts).properties as Parts));
    if (taken !== undefined) {
      throw pluginErrors.malformed(plugin, `${own} whose option "${taken}" is one of the stage itself`);
    }
  }
}

function checkOptions(plugin: string, own: string, options: unknown): void {
  const { properties } = (options ?? {}) as { readonly properties?: Readonly<Record<string, unknown>> };
  if (properties === undefined) throw pluginErrors.malformed(plugin, `${own} without a schema of options`);
  for (const [option, schema] of Object.entries(properties)) {
    if (typeof (schema as { readonly description?: unknown } | null)?.description !== "string") {
      throw pluginErrors.malformed(plugin, `${own} whose option "${option}" has no description`);
    }
  }
}
