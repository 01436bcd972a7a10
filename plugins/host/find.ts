import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pluginErrors } from "../../schemas/errors/plugins.js";

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
  /** The package it is of; undefined for a file by itself. */
  readonly packageName: string | undefined;
}

/**
 * The module of a plugin: a package seen from one of the folders (each package in all of them first), or a file below
 * the first. PLUGIN_NOT_FOUND lists what was tried.
 */
export function findPlugin(name: string, folders: readonly string[]): FoundPlugin {
  const file = resolve(folders[0], name);
  const tried: string[] = [];
  if (!/^\.{1,2}\//.test(name) && !isAbsolute(name)) {
    for (const candidate of packagesOf(name)) {
      tried.push(`the package ${candidate}`);
      for (const folder of folders) {
        const found = resolvedFrom(folder, candidate);
        if (found !== undefined) return { file: found, packageName: candidate };
      }
    }
  }
  if (existsSync(file)) return { file, packageName: undefined };
  throw pluginErrors.notFound(name, [...tried, `the file ${file}`]);
}

function resolvedFrom(folder: string, name: string): string | undefined {
  try {
    return createRequire(join(folder, "_.js")).resolve(name);
  } catch {
    return undefined;
  }
}
