import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nativeErrors } from "../../schemas/errors/native.js";

declare const handle: unique symbol;
/** Something of the addon's that JavaScript only hands back. */
export type Handle<Kind extends string> = { readonly [handle]: Kind };

/** The numbers of addon.cpp's calls. */
export const calls = {
  load: 0,
  forward: 1,
  rows: 2,
  rows64: 3,
  sweep: 4,
  gram: 5,
  trainOpen: 6,
  trainStep: 7,
  trainParameters: 8,
  close: 9,
  crossProduct: 10,
  combine: 11,
  subtract: 12,
  gram64: 13,
  symmetricEigen: 14,
  peak: 15,
  heldGram: 16,
  heldSweep: 17,
  coordinates: 18,
  remainder: 19,
  trainState: 20,
  trainRestore: 21,
} as const;

export type Fault =
  | "cancelled"
  | "invalidPlan"
  | "invalidArgument"
  | "outOfMemory"
  | "notFinite"
  | "notConverged";

export type NativeArray = Float32Array | Float64Array | Int32Array;

/** What addon.cpp exports. */
export interface Binding {
  readonly instructions: string;
  /** Variants of scripts/build-native.mjs that this processor runs, best first. */
  readonly supported: readonly string[];
  openEngine(threads: number): Handle<"engine">;
  closeEngine(engine: Handle<"engine">): void;
  openModel(engine: Handle<"engine">, codes: Int32Array, numbers: Float64Array): Handle<"holder">;
  openHolder(): Handle<"holder">;
  submit(
    engine: Handle<"engine">,
    call: number,
    model: Handle<"holder"> | undefined,
    training: Handle<"holder"> | undefined,
    arrays: readonly NativeArray[],
    numbers: readonly number[],
    done: (fault: Fault | null, message: string, value: number, result: number) => void,
    progress: ((examples: number) => void) | undefined,
  ): Handle<"job">;
  cancel(job: Handle<"job">): void;
}

interface BuildStatus {
  readonly built: readonly string[];
  readonly reason?: string;
  readonly compiler?: string;
}

/** The package's folder, from the sources or from dist/. */
function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "scripts/build-native.mjs")) && dirname(folder) !== folder) {
    folder = dirname(folder);
  }
  return folder;
}

function buildFolder(): string {
  return join(packageFolder(), "engine/native/build");
}

function buildStatus(): BuildStatus | undefined {
  try {
    return JSON.parse(readFileSync(join(buildFolder(), "status.json"), "utf8")) as BuildStatus;
  } catch {
    return undefined;
  }
}

/** Whether a source was written after the last build or attempt. */
function isOutdated(): boolean {
  const status = statSync(join(buildFolder(), "status.json"), { throwIfNoEntry: false });
  if (status === undefined) return true;
  const sources = join(packageFolder(), "engine/native");
  const files = ["addon.cpp", ...readdirSync(join(sources, "core")).map((name) => join("core", name))];
  return files.some((file) => statSync(join(sources, file)).mtimeMs > status.mtimeMs);
}

/** Runs scripts/build-native.mjs in a process of its own; resolves whatever came of it. */
export function buildNativeEngine(): Promise<void> {
  return new Promise((resolve) => {
    const script = join(packageFolder(), "scripts/build-native.mjs");
    const child = spawn(process.execPath, [script], { stdio: ["ignore", "ignore", "inherit"] });
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
}

/** Whether the last build left a library, and why not if not. Reads one small file, loads nothing. */
export function nativeStatus(): { readonly ready: boolean; readonly reason: string } {
  const status = buildStatus();
  if (status === undefined) return { ready: false, reason: "it was not built yet" };
  const reason = status.reason ?? (status.built.length === 0 ? "its build left nothing" : "");
  return { ready: status.built.length > 0, reason };
}

/**
 * Loads the best library that this processor runs, building first when a source is newer than the last attempt.
 * Rejects with NATIVE_NOT_BUILT and the reason when there is none.
 */
export async function loadBinding(): Promise<Binding> {
  if (!existsSync(join(packageFolder(), "engine/native/addon.cpp"))) {
    throw nativeErrors.notBuilt("the package holds no sources of it");
  }
  if (isOutdated()) await buildNativeEngine();
  const status = buildStatus();
  if (status === undefined || status.built.length === 0) {
    throw nativeErrors.notBuilt(status?.reason ?? "the build did not finish");
  }
  const open = (variant: string) =>
    createRequire(import.meta.url)(join(buildFolder(), `jacoflow-${variant}.node`)) as Binding;
  try {
    const first = open(status.built[0]);
    const best = first.supported.find((variant) => status.built.includes(variant));
    return best === undefined || best === status.built[0] ? first : open(best);
  } catch (error) {
    throw nativeErrors.notBuilt(error instanceof Error ? error.message : String(error));
  }
}
