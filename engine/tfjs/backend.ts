import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { JacoflowError } from "../../schemas/errors/error.js";
import { networkErrors } from "../../schemas/errors/network.js";
import { isLibraryEngine, type LibraryEngine, loadLibrary } from "./library.js";

export type TensorflowBackend = "wasm" | "cpu" | LibraryEngine;

/** Makes TensorFlow.js compute on `backend` in this thread; returns the versions that shape the numbers. ENGINE_LOST if it cannot, ENGINE_NOT_INSTALLED. */
export async function startBackend(backend: TensorflowBackend): Promise<Readonly<Record<string, string>>> {
  // Keeps TensorFlow.js from advising other packages on the console.
  tf.enableProdMode();
  try {
    const core = { "@tensorflow/tfjs-core": tf.version_core };
    if (isLibraryEngine(backend)) {
      const versions = { ...core, ...(await loadLibrary(backend)) };
      if (!(await tf.setBackend("tensorflow"))) throw new Error("it does not share our tfjs-core");
      return versions;
    }
    const version = backend === "wasm" ? await loadWasm() : await loadCpu();
    if (!(await tf.setBackend(backend))) throw new Error("its backend did not start");
    if (backend === "wasm") refuseFullMemory(tf.backend() as BackendWasm);
    return { ...core, [`@tensorflow/tfjs-backend-${backend}`]: version };
  } catch (cause) {
    if (cause instanceof JacoflowError) throw cause;
    throw networkErrors.engineLost(backend, cause);
  }
}

async function loadWasm(): Promise<string> {
  const { setWasmPaths, version_wasm: version } = await import("@tensorflow/tfjs-backend-wasm");
  const found = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
  setWasmPaths(join(dirname(found), "dist", "/"));
  return version;
}

async function loadCpu(): Promise<string> {
  const { version_cpu: version } = await import("@tensorflow/tfjs-backend-cpu");
  return version;
}

/** Bytes a 32-bit address reaches; a larger request would wrap round to a small one. */
const addressable = 2 ** 32;

/**
 * When its 4 GiB are full, the backend's malloc returns 0 and TensorFlow.js 4.22 writes there, over other tensors:
 * wrong numbers without an error. Here that is ENGINE_MEMORY.
 */
function refuseFullMemory(backend: BackendWasm): void {
  const wasm = backend.wasm as unknown as { _malloc(bytes: number): number; _free(address: number): void };
  // The first call puts the real function in its own place, and would put it over ours.
  wasm._free(wasm._malloc(1));
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    const address = bytes < addressable ? allocate(bytes) : 0;
    if (address === 0 && bytes > 0) throw networkErrors.engineMemory("wasm", `${bytes} bytes more`);
    return address;
  };
}
