import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** Packages of ours whose version can show in a run. */
const packages = [
  "@tensorflow/tfjs-core",
  "@tensorflow/tfjs-backend-wasm",
  "@tensorflow/tfjs-backend-cpu",
  "apache-arrow",
  "hyparquet-writer",
  "rxjs",
  "yaml",
] as const;

/**
 * Version of an installed package; undefined when it is not installed. Read from its folder: most packages export
 * neither their package.json nor, to `require`, anything at all.
 */
export function versionOf(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const file = join(folder, name, "package.json");
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
  }
  return undefined;
}

/** The version of jacoflow itself. */
export function ownVersion(): string {
  return (require("jacoflow/package.json") as { readonly version: string }).version;
}

/** Versions of jacoflow, node and the packages it computes and writes with. */
export function versionsHere(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = { jacoflow: ownVersion(), node: process.versions.node };
  for (const name of packages) {
    const version = versionOf(name);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}
