import type { EngineName } from "../../engine/engine.js";
import {
  buildNativeEngine,
  createEngine,
  engineNames,
  explainEngineChoice,
  whyNotAvailable,
} from "../../engine/engines.js";
import type { BuiltIns } from "../../plugins/host/register.js";
import { builtInNames, builtInStages, stagesWithAdditions } from "../../stages/index.js";
import type { Stage } from "../stage.js";

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
    stages: byName(builtInStages),
    builtIns: { ...builtInNames, stages: (additions) => byName(stagesWithAdditions(additions)) },
    engines: engineNames,
    createEngine,
    explainEngineChoice,
    whyNotAvailable,
    buildNativeEngine,
  };
}

const byName = (stages: readonly Stage[]) => new Map(stages.map((stage) => [stage.name, stage]));
