import type { Training } from "../../engine/engine.js";
import type { Journal, JournalIdentity, JournalState, StageContext } from "../../pipeline/stage.js";
import { digestOf } from "../../schemas/digest.js";
import type { ExampleSet, Examples } from "../examples.js";
import type { Snapshot } from "../snapshot.js";
import type { Divergence } from "./divergence.js";
import type { TrainOptions } from "./options.js";

/** How far a training is. Its random numbers are those of the epoch's number: there is no other state of them. */
export interface Standing {
  /** Steps done. */
  readonly step: number;
  /** Whether what is due after them was sent. */
  readonly attended: boolean;
  /** Of the last step's batch, before it. */
  readonly loss: number;
}

/** The journal of a training from `start` on `set`; what the last one had sent is sent again. Errors: CHECKPOINT_OF_OTHER_RUN. */
export async function openTrainingJournal(
  start: Snapshot,
  set: ExampleSet,
  context: StageContext<TrainOptions>,
): Promise<Journal> {
  const { name, threads, versions } = await context.engine();
  return context.journal({
    seconds: context.options.checkpointSeconds,
    identity: async (): Promise<JournalIdentity> => {
      // When it is kept changes no number.
      const { checkpointSeconds, ...options } = context.options;
      return {
        network: JSON.stringify(start.network),
        parameters: await digestOf(start.parameters),
        examples: await digestOf(...arraysOf(set.train), ...arraysOf(set.test)),
        options: JSON.stringify({ ...options, seed: context.seed("order") }),
        engine: JSON.stringify({ name, threads, versions }),
      };
    },
  });
}

/** What the journal keeps of a training. */
export async function stateOf(
  training: Training,
  divergence: Divergence,
  standing: Standing,
): Promise<JournalState> {
  const { steps, parameters, moments } = await training.state();
  const arrays = Object.fromEntries(moments.map((values, index) => [`moment ${index + 1}`, values]));
  const { kept } = divergence;
  return {
    // JSON has no word for a loss that is not finite.
    facts: { ...kept.facts, ...standing, loss: String(standing.loss), steps },
    arrays: { parameters, ...arrays, ...kept.arrays },
  };
}

/** Puts a training where the journal says it was; where that says nothing, it is at its start. */
export async function standingIn(
  restored: JournalState | undefined,
  training: Training,
  divergence: Divergence,
): Promise<Standing> {
  if (restored === undefined) return { step: 0, attended: false, loss: 0 };
  const { facts } = restored;
  const arrays = restored.arrays as Readonly<Record<string, Float32Array>>;
  const moments = Object.keys(arrays).filter((name) => name.startsWith("moment "));
  await training.restore({
    steps: facts.steps as number,
    parameters: arrays.parameters,
    moments: moments.map((name) => arrays[name]),
  });
  divergence.restore(restored);
  return {
    step: facts.step as number,
    attended: facts.attended as boolean,
    loss: Number(facts.loss),
  };
}

function arraysOf(examples: Examples | undefined): readonly (Float32Array | Int32Array)[] {
  if (examples === undefined) return [];
  return [examples.features.values, examples.labels, examples.cleanLabels, examples.ids];
}
