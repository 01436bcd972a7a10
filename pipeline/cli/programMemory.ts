import type { EngineName } from "../../engine/engine.js";
import { ordinaryRates } from "../run/plan.js";
import type { EngineRates } from "../stage.js";

const nativeBytes = 142e6;
const webAssemblyBytes = 180e6;

/**
 * Bytes that a process of ours takes at its peak whatever the stages hold: Node, our modules, the engine's thread, and
 * what the garbage collector has not taken away yet. Measured on runs of next to nothing: 129 to 136 and 168 to 180 MB
 * (`npm run bench -- memory`).
 */
export function programMemory(engine: EngineName): number {
  return engine === "native" ? nativeBytes : webAssemblyBytes;
}

/** What is known of an engine that has not started: ordinary speed, and the memory in which its results lie. */
export function expectedRates(engine: EngineName): EngineRates {
  return engine === "native" ? ordinaryRates : { ...ordinaryRates, sharedMemory: true };
}
