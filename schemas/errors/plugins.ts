import { inspect } from "node:util";
import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

const invalid = (
  code: string,
  message: string,
  value: unknown,
  remedy: string,
  cause?: unknown,
  place = "plugins",
) =>
  new JacoflowError({
    ...{ code, kind: "invalid", message, place, value, remedy },
    ...(cause === undefined ? {} : { cause }),
  });

/** Messages about plugins: finding, loading and registering them. */
export const pluginErrors = {
  forbidden: (name: string) =>
    invalid(
      "PLUGINS_FORBIDDEN",
      `plugin "${name}" is not loaded: --no-plugins was given`,
      name,
      "Leave out --no-plugins, or take the plugin out of the file.",
    ),

  /** `there`: names that would have been found. */
  notFound: (name: string, tried: readonly string[], there: readonly string[]) => {
    const close = nearest(name, there);
    return invalid(
      "PLUGIN_NOT_FOUND",
      `plugin "${name}" is not there; tried ${tried.join(", ")}`,
      name,
      close === undefined
        ? "Install the package beside the pipeline file, or give the path of a file from there: ./NAME.js."
        : `Did you mean "${close}"?`,
    );
  },

  folder: (name: string, folder: string, reason: string) =>
    invalid(
      "PLUGIN_FOLDER",
      `plugin "${name}" is the folder ${folder}, which ${reason}`,
      name,
      "Name the folder of a package, or its JavaScript file.",
    ),

  notBuilt: (name: string, file: string) =>
    invalid(
      "PLUGIN_NOT_BUILT",
      `plugin "${name}" is a package whose module ${file} is not there`,
      name,
      "Build the package in its folder (`npm install && npm run build`), or correct its package.json.",
    ),

  notLoadable: (name: string, cause: unknown) =>
    invalid(
      "PLUGIN_NOT_LOADABLE",
      `plugin "${name}" cannot be loaded: ${cause instanceof Error ? cause.message : inspect(cause)}`,
      name,
      "Correct the plugin, or install what it imports. TypeScript has to be compiled first.",
      cause,
    ),

  tooSlow: (name: string, seconds: number) =>
    invalid(
      "PLUGIN_TOO_SLOW",
      `plugin "${name}" was not loaded after ${seconds} s`,
      name,
      "Move what it computes or awaits at its top level into a stage.",
    ),

  malformed: (name: string, reason: string) =>
    invalid(
      "PLUGIN_MALFORMED",
      `plugin "${name}" ${reason}`,
      name,
      "Export by default what definePlugin({ name, api: 1, stages: [...] }) makes.",
    ),

  empty: (name: string) =>
    invalid(
      "PLUGIN_EMPTY",
      `plugin "${name}" brings no stages, architectures, layers or label noises: there is nothing to try`,
      name,
      "List what it brings in definePlugin({ ... }).",
    ),

  unknownApi: (name: string, api: unknown, known: number) =>
    invalid(
      "PLUGIN_API",
      api === undefined
        ? `plugin "${name}" does not say which version of the API it speaks`
        : `plugin "${name}" speaks version ${String(api)} of the API, this jacoflow version ${known}`,
      api,
      api === undefined
        ? `Export by default what definePlugin({ name, api: ${known}, … }) makes.`
        : "Install a version of the plugin or of jacoflow that fits the other.",
    ),

  nameTaken: (name: string, what: string, owner: string) =>
    invalid(
      "PLUGIN_NAME_TAKEN",
      `plugin "${name}" brings ${what}, which ${owner} has already`,
      what,
      "Load one of them only; to stand in for a built-in stage, the stage says so with `replaces`.",
    ),

  nothingToReplace: (name: string, stage: string, replaced: string, known: readonly string[]) => {
    const close = nearest(replaced, known);
    return invalid(
      "PLUGIN_REPLACES_NOTHING",
      `stage "${stage}" of plugin "${name}" replaces "${replaced}", which is no built-in stage`,
      replaced,
      close === undefined ? "`jacoflow stages` lists them." : `Did it mean "${close}"?`,
    );
  },

  otherPorts: (name: string, stage: string, replaced: string, differences: readonly string[]) =>
    invalid(
      "PLUGIN_OTHER_PORTS",
      `stage "${stage}" of plugin "${name}" cannot replace "${replaced}": ${differences.join("; ")}`,
      stage,
      `Give it the ports of ${replaced}: \`jacoflow describe ${replaced}\`.`,
    ),

  architecture: (plugin: string, name: string, cause: unknown, place: string) =>
    invalid(
      "PLUGIN_ARCHITECTURE",
      `architecture "${name}" of plugin "${plugin}" made no network: ${cause instanceof Error ? cause.message : String(cause)}`,
      name,
      "Choose options or data it is made for, or correct the plugin.",
      cause,
      place,
    ),

  layer: (plugin: string, type: string, reason: string, value: unknown, place: string) =>
    invalid(
      "PLUGIN_LAYER",
      `layer "${type}" of plugin "${plugin}": ${reason}`,
      value instanceof Error ? type : value,
      "Choose options it is made for, or correct the plugin.",
      value instanceof Error ? value : undefined,
      place,
    ),

  labelNoise: (plugin: string, name: string, reason: string, value: unknown, place: string) =>
    invalid(
      "PLUGIN_LABEL_NOISE",
      `label noise "${name}" of plugin "${plugin}": ${reason}`,
      value instanceof Error ? name : value,
      "Choose options it is made for, or correct the plugin.",
      value instanceof Error ? value : undefined,
      place,
    ),
} as const;
