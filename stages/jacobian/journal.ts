import type { JournalFact, JournalState, StageContext } from "../../pipeline/stage.js";
import { digestOf } from "../../schemas/digest.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { Examples } from "../examples.js";
import type { Snapshot } from "../snapshot.js";

/** The Jacobians a stage is done with, in the order they come. */
export interface JacobianJournal {
  /** What was kept beside them. */
  readonly restored: JournalState | undefined;
  /**
   * Whether the next Jacobian was done with, and sent, before the run was cut off. Asked of each in turn.
   * Errors: CHECKPOINT_OF_OTHER_RUN when the last one of these was of other parameters.
   */
  wasFinished(snapshot: Snapshot): Promise<boolean>;
  /** All of one was sent; `beside` is what the next one goes on from. */
  finish(snapshot: Snapshot, beside?: JournalState): Promise<void>;
  /** Keeps what is finished when the run is stopped. */
  stopped(): Promise<void>;
}

interface Outputs {
  readonly [port: string]: { readonly sent: number };
}

/** Opens the journal of a stage that does one Jacobian after the other. Errors: CHECKPOINT_OF_OTHER_RUN. */
export async function openJacobianJournal(
  chosen: readonly Examples[],
  outputs: Outputs,
  context: StageContext<{ readonly checkpointSeconds: number }>,
): Promise<JacobianJournal> {
  const { name, threads, versions } = await context.engine();
  // When it is kept changes no number.
  const { checkpointSeconds, ...options } = context.options;
  const journal = await context.journal({
    seconds: checkpointSeconds,
    identity: async () => ({
      examples: await digestOf(...chosen.flatMap(({ features, ids }) => [features.values, ids])),
      options: JSON.stringify({ ...options, seed: context.seed("block") }),
      engine: JSON.stringify({ name, threads, versions }),
    }),
  });
  const before = journal.restored?.facts as
    | { readonly finished: number; readonly parameters: string }
    | undefined;
  const sent = () => Object.values(outputs).reduce((sum, output) => sum + output.sent, 0);
  let passed = 0;
  let last: { readonly snapshot: Snapshot; readonly beside: JournalState; readonly sent: number } | undefined;

  const keep = async () => {
    if (last === undefined) return;
    const { snapshot, beside } = last;
    await journal.keep(async () => {
      const parameters: JournalFact = await digestOf(snapshot.parameters);
      return { facts: { ...beside.facts, finished: passed, parameters }, arrays: beside.arrays };
    }, last.sent);
  };

  return {
    restored: journal.restored,
    wasFinished: async ({ parameters }) => {
      if (before === undefined || passed >= before.finished) return false;
      passed += 1;
      if (passed === before.finished && (await digestOf(parameters)) !== before.parameters) {
        throw runErrors.checkpointOfOtherRun(context.checkpointFolder, ["parameters"]);
      }
      return true;
    },
    finish: async (snapshot, beside = { facts: {}, arrays: {} }) => {
      passed += 1;
      last = { snapshot, beside, sent: sent() };
      await keep();
    },
    stopped: async () => {
      if (context.signal.aborted) await keep();
    },
  };
}
