import { availableParallelism } from "node:os";
import { networkErrors } from "../schemas/errors/network.js";
import type { Engine, EngineName } from "./engine.js";
import { nativeStatus } from "./native/binding.js";
import { isLibraryEngine, prepareLibrary, whyNoLibrary } from "./tfjs/library.js";

export { buildNativeEngine } from "./native/binding.js";

/** The engines there are here, the most preferred first. */
export const engineNames = [
  "native",
  "tensorflow-gpu",
  "tensorflow",
  "wasm",
  "cpu",
] as const satisfies readonly EngineName[];

type KnownEngine = (typeof engineNames)[number];

export interface EngineOptions {
  /** Threads to compute on; an engine that knows fewer says so in `Engine.threads`. Default: what the engine likes. */
  readonly threads?: number;
}

/** Which engine a run will use, and why. */
export interface EngineChoice {
  readonly name: KnownEngine;
  readonly reason: string;
  /** Threads the engine computes on. */
  readonly threads: number;
}

/** The smallest module with a SIMD instruction: (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt). */
const simdModule = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123],
  ...[3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
);

/** What is used here of every Node's WebAssembly; the types of Node 20 leave it out. */
declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

/** Why an engine cannot be used here, with what mends it; undefined when it can. */
export function whyNotAvailable(name: EngineName): string | undefined {
  if (isLibraryEngine(name)) return whyNoLibrary(name);
  if (name !== "native") return undefined;
  const { ready, reason } = nativeStatus();
  return ready ? undefined : `${reason}; install g++ or clang++ and run \`jacoflow doctor --build\``;
}

/** What `auto` stands for on this machine, or why a named engine is what it is. UNKNOWN_ENGINE for other names. */
export function explainEngineChoice(name: string = "auto", options: EngineOptions = {}): EngineChoice {
  const allThreads = options.threads ?? availableParallelism();
  if (name === "auto") {
    const native = nativeStatus();
    if (native.ready) {
      return { name: "native", reason: "C++ on every core, the fastest engine here", threads: allThreads };
    }
    const library = (["tensorflow-gpu", "tensorflow"] as const).find(
      (each) => whyNoLibrary(each) === undefined,
    );
    if (library !== undefined) {
      return {
        name: library,
        reason: `TensorFlow.js on libtensorflow, which is installed: there is no native engine (${native.reason})`,
        threads: allThreads,
      };
    }
    return WebAssembly.validate(simdModule)
      ? {
          name: "wasm",
          reason: `TensorFlow.js on WebAssembly: there is no native engine (${native.reason})`,
          threads: 1,
        }
      : {
          name: "cpu",
          reason: `TensorFlow.js as JavaScript: no native engine (${native.reason}), and WebAssembly without SIMD`,
          threads: 1,
        };
  }
  const known = engineNames.find((each) => each === name);
  if (known === undefined) throw networkErrors.unknownEngine(name, ["auto", ...engineNames]);
  const threads = known === "native" || isLibraryEngine(known) ? allThreads : 1;
  return { name: known, reason: `engine ${known} was asked for`, threads };
}

/**
 * Starts an engine by name (`auto`: `explainEngineChoice`) with its linear algebra off the event loop. Nothing heavy is
 * loaded before this is called. UNKNOWN_ENGINE for another name; ENGINE_LOST, NATIVE_NOT_BUILT or ENGINE_NOT_INSTALLED if it does
 * not start. Its threads end with `close`. wasm and cpu compute on one thread whatever `threads` says.
 */
export async function createEngine(name: string = "auto", options: EngineOptions = {}): Promise<Engine> {
  const choice = explainEngineChoice(name, options);
  if (choice.name === "native") {
    const { createNativeEngine } = await import("./native/engine.js");
    return createNativeEngine({ threads: choice.threads });
  }
  const [{ createTensorflowEngine }, { startAlgebraWorker }] = await Promise.all([
    import("./tfjs/engine.js"),
    import("./spectrum/algebraWorker.js"),
  ]);
  const threads = isLibraryEngine(choice.name) ? prepareLibrary(options.threads) : choice.threads;
  const algebra = await startAlgebraWorker();
  try {
    return await createTensorflowEngine({ backend: choice.name, algebra, threads });
  } catch (error) {
    await algebra.close();
    throw error;
  }
}
