import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { networkErrors } from "../../schemas/errors/network.js";

/** The engines that compute with libtensorflow, each by a package that is no dependency of ours (docs/engines.md). */
export type LibraryEngine = "tensorflow" | "tensorflow-gpu";

/** A package of TensorFlow.js that carries libtensorflow, as found on disk and not loaded. */
export interface Library {
  /** The package's folder. */
  readonly folder: string;
  readonly version: string;
  /** What forbids its use; undefined when nothing is known to. */
  readonly mismatch: string | undefined;
}

/** The package of each engine. */
export const libraryPackages: Readonly<Record<LibraryEngine, string>> = {
  tensorflow: "@tensorflow/tfjs-node",
  "tensorflow-gpu": "@tensorflow/tfjs-node-gpu",
};

export function isLibraryEngine(name: string): name is LibraryEngine {
  return name in libraryPackages;
}

/** Where packages are looked for: beside the house, then from the folder the command runs in; either looks along NODE_PATH. */
function usualPlaces(): readonly string[] {
  return [import.meta.url, join(process.cwd(), "package.json")];
}

/**
 * The engine's package, looked for from `places` (files that could import it) without loading anything. It must share
 * our version of tfjs-core: two copies of one version share their engine, kernels and gradients, others do not.
 */
export function findLibrary(
  engine: LibraryEngine,
  places: readonly string[] = usualPlaces(),
): Library | undefined {
  const name = libraryPackages[engine];
  const found = firstOf(places, (place) => createRequire(place).resolve(`${name}/package.json`));
  if (found === undefined) return undefined;
  const version = versionIn(found);
  const theirs = firstOf([found], (place) => coreVersionFrom(place));
  const ours = coreVersionFrom(import.meta.url);
  const mismatch =
    theirs === ours
      ? undefined
      : `${name} ${version} computes with tfjs-core ${theirs ?? "(not installed)"}, and ${ours} is needed`;
  return { folder: dirname(found), version, mismatch };
}

/** Why an engine on libtensorflow cannot be started here, with what mends it; undefined when its package is there. */
export function whyNoLibrary(engine: LibraryEngine, places?: readonly string[]): string | undefined {
  const library = findLibrary(engine, places);
  const mends = `install ${libraryPackages[engine]}@${coreVersionFrom(import.meta.url)} (docs/engines.md)`;
  if (library === undefined) return `${libraryPackages[engine]} is not installed; ${mends}`;
  return library.mismatch === undefined ? undefined : `${library.mismatch}; ${mends}`;
}

/** What is used here of the packages. */
interface NodePackage {
  readonly version: Readonly<Record<string, string>>;
  backend(): { readonly isUsingGPUDevice?: boolean; readonly binding?: { readonly TF_Version?: string } };
  setBackend(name: string): Promise<boolean>;
}

/**
 * Loads the engine's package into this thread, where it becomes TensorFlow.js's backend `tensorflow`. Returns the versions
 * that shape the numbers. ENGINE_NOT_INSTALLED when it is not there; throws what loading it throws.
 */
export async function loadLibrary(
  engine: LibraryEngine,
  places?: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const reason = whyNoLibrary(engine, places);
  const library = findLibrary(engine, places);
  if (library === undefined || reason !== undefined) {
    throw networkErrors.engineNotInstalled(engine, reason ?? "its package is gone");
  }
  const tensorflow = createRequire(join(library.folder, "package.json"))(library.folder) as NodePackage;
  if (!(await tensorflow.setBackend("tensorflow"))) throw new Error("its backend did not start");
  const { isUsingGPUDevice, binding } = tensorflow.backend();
  if (engine === "tensorflow-gpu" && isUsingGPUDevice !== true) {
    throw new Error("libtensorflow found no GPU that it can use (docs/engines.md says what one needs)");
  }
  return { [libraryPackages[engine]]: library.version, libtensorflow: binding?.TF_Version ?? "unknown" };
}

/**
 * Tells libtensorflow, through the environment that it reads once when it loads, how many threads to compute on and
 * that its advice to the console is not wanted; what the user has set stays. Must be called on the main thread: the
 * environment of another is a copy that C does not see. Returns the threads.
 */
export function prepareLibrary(threads: number | undefined): number {
  const count = threads ?? (Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism());
  process.env.TF_NUM_INTRAOP_THREADS = String(count);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  return count;
}

function coreVersionFrom(place: string): string {
  return versionIn(createRequire(place).resolve("@tensorflow/tfjs-core/package.json"));
}

function versionIn(file: string): string {
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}

function firstOf(places: readonly string[], find: (place: string) => string): string | undefined {
  for (const place of places) {
    try {
      return find(place);
    } catch {
      // Not there: the next place may have it.
    }
  }
  return undefined;
}
