import { readdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { entryOf, packageSeenFrom } from "./packageFolder.js";

/** Packages a name may mean, in the order they are looked for. */
export function packagesOf(name: string): readonly string[] {
  const scoped = /^(@[^/]+)\/(.+)$/.exec(name);
  const long = scoped === null ? `jacoflow-plugin-${name}` : `${scoped[1]}/jacoflow-plugin-${scoped[2]}`;
  return [long, name];
}

/** Where a plugin's module is. */
export interface FoundPlugin {
  /** Absolute path of the module. */
  readonly file: string;
  /** Of its package, or the folder the file is in. */
  readonly folder: string;
  /** Of the package it is of; undefined for a file by itself. */
  readonly version: string | undefined;
}

/**
 * The module of a plugin: a package seen from one of the folders (each package in all of them first), or a file or the
 * folder of a package below the first. PLUGIN_NOT_FOUND lists what was tried; PLUGIN_FOLDER and PLUGIN_NOT_BUILT when
 * the package is there and its module is not.
 */
export function findPlugin(name: string, folders: readonly string[]): FoundPlugin {
  const path = resolve(folders[0], name);
  const tried: string[] = [];
  const isPath = /^\.{1,2}(\/|$)/.test(name) || isAbsolute(name);
  if (!isPath) {
    for (const candidate of packagesOf(name)) {
      tried.push(`the package ${candidate}`);
      for (const folder of folders) {
        const found = packageSeenFrom(folder, candidate);
        if (found !== undefined) return entryOf(found, name);
      }
    }
  }
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) return entryOf(path, name);
  if (there !== undefined) return { file: path, folder: dirname(path), version: undefined };
  throw pluginErrors.notFound(
    name,
    [...tried, `the file ${path}`],
    isPath ? besides(name, path) : folders.flatMap(pluginsSeenFrom),
  );
}

/** What is beside the file of a path that is not there, written as that path was. */
function besides(name: string, path: string): readonly string[] {
  const start = name.slice(0, name.lastIndexOf("/") + 1);
  return namesIn(dirname(path)).map((other) => start + other);
}

/** Names of the plugins installed where a module in `folder` looks first. */
function pluginsSeenFrom(folder: string): readonly string[] {
  const modules = join(folder, "node_modules");
  const scopes = namesIn(modules).filter((name) => name.startsWith("@"));
  return ["", ...scopes.map((scope) => `${scope}/`)].flatMap((scope) =>
    namesIn(join(modules, scope)).flatMap((name) => {
      const short = /^jacoflow-plugin-(.+)$/.exec(name)?.[1];
      return short === undefined ? [] : [scope + short];
    }),
  );
}

function namesIn(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder) : [];
}
