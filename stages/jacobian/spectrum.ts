import type { Matrix, Matrix64, Model } from "../../engine/engine.js";
import { defineStage, type JournalState, output, stream, whole } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import { checkClasses, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { readSnapshot, type Snapshot } from "../snapshot.js";
import { basisBatch, type JacobianOccasion, jacobianMetricsBatch, spectrumBatch } from "./batches.js";
import type { Checkpoint } from "./checkpoint.js";
import { finiteOutputs, loadFinite, ofJacobian } from "./finite.js";
import { openJacobianJournal } from "./journal.js";
import { spectrumOptions } from "./options.js";
import { placed } from "./placed.js";
import { planJacobians } from "./plan.js";
import { removeCheckpoint, resumableSpectrum } from "./resumable.js";
import { chosenExamples } from "./subset.js";

export const spectrum = defineStage({
  name: "jacobian/spectrum",
  summary: "Computes the largest singular values of the Jacobian and its left singular vectors",
  options: spectrumOptions,
  inputs: {
    examples: whole("examples", "the rows of J: one an example and class"),
    parameters: stream("parameters", "snapshots: one Jacobian a snapshot and split"),
  },
  outputs: {
    spectrum: output("spectrum", "exactly `rank` rows a Jacobian, one batch each; 0 beyond the rank of J"),
    basis: output("basis", "exactly `rank` rows a Jacobian, one batch each"),
    predictions: output("predictions", "outputs on the examples of each Jacobian"),
    metrics: output(
      "metrics",
      "jacobian_norm = ‖J‖_F; stable_rank = ‖J‖_F²/σ₁²; effective_rank = ‖J‖_F⁴/Σσ⁴ over the rank + 1 largest values, an upper bound",
    ),
  },
  checkOptions: ({ options, place }) => {
    if (options.method === "block-krylov" && options.precision === "float64") {
      throw placed(spectrumErrors.precisionNeedsExact(), `${place}.with`);
    }
  },
  plan: planJacobians,
  run: async (inputs, outputs, context) => {
    const { stage, signal } = context;
    const place = `stages.${stage}.with`;
    const source = nameOf(inputs.examples);
    const set = readExamples(inputs.examples.table);
    const chosen = chosenExamples(set, context.options, { seed: context.seed, source, place });
    const snapshots = nameOf(inputs.parameters);
    const journal = await openJacobianJournal(chosen, outputs, context);
    /** Right vectors of each split's last Jacobian: where the next one starts from. */
    const rightBlocks = rightBlocksIn(journal.restored);
    const grams = new Map<number, Matrix64>();
    let model: Model | undefined;
    let finished: Checkpoint | undefined;

    const open = async ({ network }: Snapshot): Promise<Model> => {
      if (model === undefined) {
        model = await (await context.engine()).open(network);
        checkClasses(set, model.outputs, `stages.${stage}`);
      }
      return model;
    };

    const attend = async (snapshot: Snapshot): Promise<void> => {
      const { step, epoch } = snapshot;
      let opened: Model | undefined;
      for (const examples of chosen) {
        const { split } = examples;
        if (await journal.wasFinished(snapshot)) {
          context.log("info", `Jacobian of step ${step}, ${split}: done before, which a checkpoint holds`);
          await removeCheckpoint(context, split, step);
          continue;
        }
        if (opened === undefined) {
          opened = await open(snapshot);
          await loadFinite(opened, snapshot, stage);
        }
        const predicted = await finiteOutputs(opened, snapshot, examples, stage, signal);
        const occasion: JacobianOccasion = { stage, step, epoch, split };
        const start = rightBlocks.get(split) ?? rightBlocks.values().next().value;
        const kept = [...rightBlocks.values()].reduce((sum, { values }) => sum + values.byteLength, 0);
        const earlier = { grams, keptBytes: kept, ...(start ? { start } : {}) };
        const found = await resumableSpectrum(opened, snapshot, examples, earlier, context).catch((error) => {
          throw placed(ofJacobian(error, snapshot, examples, stage), place);
        });
        // That of the last Jacobian stays: were the run killed on the way to its tables, it would go on from there.
        await finished?.remove();
        finished = found.checkpoint;
        if (found.rightBlock !== undefined) rightBlocks.set(split, found.rightBlock);
        await outputs.spectrum.send(spectrumBatch(occasion, found));
        await outputs.metrics.send(jacobianMetricsBatch(occasion, found));
        await outputs.predictions.send(
          predictionsTable(opened.outputs, snapshot.loss).batch(
            { stage, step, epoch, split, id: examples.ids, values: predicted.values },
            predicted.rows,
          ),
        );
        await outputs.basis.send(await basisBatch(occasion, found, examples.ids));
        await journal.finish(snapshot, besideOf(rightBlocks));
      }
    };

    try {
      await inputs.parameters.forEach(async (batch) => {
        await attend(readSnapshot(batch, snapshots));
      });
    } catch (error) {
      await journal.stopped();
      throw error;
    } finally {
      await (model as Model | undefined)?.close();
    }
  },
});

/** Right blocks by split, as a journal keeps them and brings them back. */
function besideOf(rightBlocks: ReadonlyMap<Split, Matrix>): JournalState {
  const blocks = [...rightBlocks];
  return {
    facts: { columns: Object.fromEntries(blocks.map(([split, { columns }]) => [split, columns])) },
    arrays: Object.fromEntries(blocks.map(([split, { values }]) => [split, values])),
  };
}

function rightBlocksIn(restored: JournalState | undefined): Map<Split, Matrix> {
  const columns = (restored?.facts.columns ?? {}) as Readonly<Record<Split, number>>;
  const blocks = Object.entries(restored?.arrays ?? {}) as [Split, Float32Array][];
  return new Map(
    blocks.map(([split, values]) => [
      split,
      { rows: values.length / columns[split], columns: columns[split], values },
    ]),
  );
}
