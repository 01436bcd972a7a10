import type { EngineName } from "../../engine/engine.js";
import {
  buildNativeEngine,
  createEngine,
  engineNames,
  explainEngineChoice,
  whyNotAvailable,
} from "../../engine/engines.js";
import type { BuiltIns } from "../../plugins/host/register.js";
import { builtIns } from "../../stages/index.js";
import { noAdditions, type Stage } from "../stage.js";

/** What a pipeline is put together from: every stage by name, and the engines a file may name. */
export interface Composition {
  readonly stages: ReadonlyMap<string, Stage>;
  /** What plugins add to. */
  readonly builtIns: BuiltIns;
  readonly engines: readonly EngineName[];
  readonly createEngine: typeof createEngine;
  readonly explainEngineChoice: typeof explainEngineChoice;
  readonly whyNotAvailable: typeof whyNotAvailable;
  readonly buildNativeEngine: typeof buildNativeEngine;
}

/** The one place where stages, engines and the runtime meet (design §1). */
export function composition(): Composition {
  return {
    stages: builtIns.stages(noAdditions),
    builtIns,
    engines: engineNames,
    createEngine,
    explainEngineChoice,
    whyNotAvailable,
    buildNativeEngine,
  };
}
