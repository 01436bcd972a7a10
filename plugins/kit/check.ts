import type { TObject } from "typebox";
import type { Engine } from "../../engine/engine.js";
import { createEngine } from "../../engine/engines.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import type { Plugin } from "../host/plugin.js";
import { type BuiltIns, registerPlugins } from "../host/register.js";
import { onUnhandled } from "../host/unhandled.js";
import { startWatchdog } from "../host/watchdog.js";
import { labelNoiseLaws } from "./additions/labelNoise.js";
import { architectureLaws, layerLaws } from "./additions/networks.js";
import { type AdditionTrial, additionTrial } from "./additions/trial.js";
import { makeBench, type StageTrialFacts } from "./bench.js";
import type { LawName } from "./lawName.js";
import { textOf } from "./laws/law.js";
import { laws } from "./laws.js";
import type { AnyStage } from "./trial.js";

/** How plugins are tried. */
export interface CheckOptions {
  /**
   * How to try what the samples and the examples of its options do not fit: by the name of a stage, or by
   * `architecture NAME`, `layer NAME`, `label noise NAME`, of which only `options` counts.
   */
  readonly trials?: Readonly<Record<string, StageTrialFacts>>;
  /** Where relative paths of options start, where the trial of a stage does not say. Default: the current folder. */
  readonly folder?: string;
  /** What a stage may take for one trial. Default 10. */
  readonly seconds?: number;
}

/** What one law found of one thing that a plugin brings. */
export interface LawResult {
  /** The name of a stage, or `architecture NAME`, `layer NAME`, `label noise NAME`. */
  readonly subject: string;
  readonly law: LawName;
  readonly passed: boolean;
  /** What is wrong; undefined when nothing is. */
  readonly reason: string | undefined;
}

type Laws<Trial> = { readonly [Name in LawName]?: (trial: Trial) => Promise<string | undefined> };

/**
 * Holds all that a plugin brings to the laws of its kind: stages on small samples of their tables, other things in the
 * built-in stages they are for. What cannot be tried passes none of the laws that run it: it needs a trial. Plugins run
 * with the rights of this process. PLUGIN_EMPTY when it brings nothing; the errors of `registerPlugins`.
 */
export async function checkPlugin(
  builtIns: BuiltIns,
  plugin: Plugin,
  { trials = {}, folder = process.cwd(), seconds = 10 }: CheckOptions = {},
): Promise<readonly LawResult[]> {
  let engine: Promise<Engine> | undefined;
  const shared = () => {
    engine ??= createEngine();
    return engine;
  };
  const results: LawResult[] = [];
  const hold = async <Trial>(subject: string, kept: Laws<Trial>, trial: Trial) => {
    for (const [law, find] of Object.entries(kept)) {
      const reason = await find(trial).catch(textOf);
      results.push({ subject, law: law as LawName, passed: reason === undefined, reason });
    }
  };
  const watchdog = startWatchdog();
  // What a stage that was given up leaves failing must not end the process; a bench that stands says so.
  const ignore = onUnhandled(() => undefined);
  const registered = registerPlugins(builtIns, [plugin]);
  const holdAll = async <Thing extends { readonly options: TObject }>(
    kind: string,
    things: Readonly<Record<string, Thing>> = {},
    kept: Laws<AdditionTrial<Thing>>,
  ) => {
    for (const [name, thing] of Object.entries(things)) {
      const subject = `${kind} ${name}`;
      await hold(subject, kept, additionTrial(name, thing, registered, shared, trials[subject]?.options));
    }
  };
  try {
    for (const stage of (plugin.stages ?? []) as readonly AnyStage[]) {
      const bench = await makeBench(stage, { folder, ...trials[stage.name] }, shared, seconds, watchdog);
      try {
        await hold(stage.name, laws, bench);
      } finally {
        await bench.close();
      }
    }
    await holdAll("architecture", plugin.architectures, architectureLaws);
    await holdAll("layer", plugin.layers, layerLaws);
    await holdAll("label noise", plugin.labelNoises, labelNoiseLaws);
  } finally {
    ignore();
    watchdog.close();
    await (await engine)?.close();
  }
  if (results.length === 0) throw pluginErrors.empty(plugin.name);
  return results;
}
