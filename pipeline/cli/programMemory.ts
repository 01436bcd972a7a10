import type { EngineName } from "../../engine/engine.js";

const nativeBytes = 150e6;
const webAssemblyBytes = 190e6;

/**
 * Bytes that a process of ours takes at its peak whatever the stages hold: Node, our modules, the engine's thread, and
 * what the garbage collector has not taken away yet. Measured on runs of next to nothing: 132 and 171 MB, to 160 and
 * 200 MB with more to collect (`npm run bench -- memory`).
 */
export function programMemory(engine: EngineName): number {
  return engine === "native" ? nativeBytes : webAssemblyBytes;
}
