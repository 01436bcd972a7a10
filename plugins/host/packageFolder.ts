import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pluginErrors } from "../../schemas/errors/plugins.js";

/** What of a package.json matters here. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly exports?: unknown;
}

/** The module that a package stands for. */
export interface PackageEntry {
  /** Absolute path, links followed. */
  readonly file: string;
  /** Of the package. */
  readonly folder: string;
  readonly version: string | undefined;
}

/** The folder of an installed package, or of the one that `folder` is in, as a module in `folder` sees it. */
export function packageSeenFrom(folder: string, name: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    if (existsSync(join(above, "package.json"))) {
      if (manifestOf(above)?.name === name) return above;
      break;
    }
    if (above === dirname(above)) break;
  }
  const places = createRequire(join(folder, "_.js")).resolve.paths(name) ?? [];
  return places.map((place) => join(place, name)).find((place) => existsSync(join(place, "package.json")));
}

/**
 * The module of the package in a folder, as `import` takes it: what `exports` says, else `main`, else index.js.
 * PLUGIN_FOLDER when there is no package or it names no module, PLUGIN_NOT_BUILT when what it names is not there.
 *
 * @param name as the plugin was asked for
 */
export function entryOf(folder: string, name: string): PackageEntry {
  const manifest = manifestOf(folder);
  if (manifest === undefined)
    throw pluginErrors.folder(name, folder, "holds no package.json that can be read");
  const { exports, main = "index.js", version } = manifest;
  const target = exports === undefined ? main : targetOf(mainExport(exports));
  if (target === undefined) {
    throw pluginErrors.folder(name, folder, 'has a package.json whose exports have no "." for import');
  }
  const file = [target, `${target}.js`, join(target, "index.js")]
    .slice(0, exports === undefined ? undefined : 1)
    .map((path) => join(folder, path))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  if (file === undefined) throw pluginErrors.notBuilt(name, join(folder, target));
  return { file: realpathSync(file), folder, version };
}

function manifestOf(folder: string): Manifest | undefined {
  try {
    const found: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof found === "object" && found !== null ? found : undefined;
  } catch {
    return undefined;
  }
}

/** What `exports` says of the package itself: all of it, unless it lists subpaths. */
function mainExport(exports: unknown): unknown {
  const subpaths = typeof exports === "object" && exports !== null && !Array.isArray(exports);
  return subpaths && Object.keys(exports).some((key) => key.startsWith("."))
    ? (exports as Readonly<Record<string, unknown>>)["."]
    : exports;
}

const conditions = ["node", "import", "node-addons", "module-sync", "default"];

/** The path that a target of `exports` means under the conditions of `import`, the first in their order there. */
function targetOf(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  const choices = Array.isArray(target)
    ? target
    : Object.entries(target).flatMap(([condition, choice]) =>
        conditions.includes(condition) ? [choice] : [],
      );
  for (const choice of choices) {
    const found = targetOf(choice);
    if (found !== undefined) return found;
  }
  return undefined;
}
