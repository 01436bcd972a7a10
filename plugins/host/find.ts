import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { pluginErrors } from "../../schemas/errors/plugins.js";

/** Packages a name may mean, in the order they are looked for. */
export function packagesOf(name: string): readonly string[] {
  const scoped = /^(@[^/]+)\/(.+)$/.exec(name);
  const long = scoped === null ? `jacoflow-plugin-${name}` : `${scoped[1]}/jacoflow-plugin-${scoped[2]}`;
  return [long, name];
}

/**
 * The URL of a plugin's module: a package seen from one of the folders (each package in all of them first), or a file
 * below the first. PLUGIN_NOT_FOUND lists what was tried.
 */
export function findPlugin(name: string, folders: readonly string[]): string {
  const file = resolve(folders[0], name);
  const tried: string[] = [];
  if (!/^\.{1,2}\//.test(name) && !isAbsolute(name)) {
    for (const candidate of packagesOf(name)) {
      tried.push(`the package ${candidate}`);
      for (const folder of folders) {
        const found = resolvedFrom(folder, candidate);
        if (found !== undefined) return found;
      }
    }
  }
  if (existsSync(file)) return pathToFileURL(file).href;
  throw pluginErrors.notFound(name, [...tried, `the file ${file}`]);
}

function resolvedFrom(folder: string, name: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(folder, "_.js")).resolve(name)).href;
  } catch {
    return undefined;
  }
}
