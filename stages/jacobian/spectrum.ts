import type { Matrix, Matrix64, Model } from "../../engine/engine.js";
import { defineStage, output, stream, whole } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import { checkClasses, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { readSnapshot, type Snapshot } from "../snapshot.js";
import { basisBatch, type JacobianOccasion, jacobianMetricsBatch, spectrumBatch } from "./batches.js";
import type { Checkpoint } from "./checkpoint.js";
import { spectrumOptions } from "./options.js";
import { placed } from "./placed.js";
import { planJacobians } from "./plan.js";
import { resumableSpectrum } from "./resumable.js";
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
    /** Right vectors of each split's last Jacobian: where the next one starts from. */
    const rightBlocks = new Map<Split, Matrix>();
    const grams = new Map<number, Matrix64>();
    let model: Model | undefined;
    let finished: Checkpoint | undefined;

    const attend = async (snapshot: Snapshot, opened: Model): Promise<void> => {
      await opened.load(snapshot.parameters);
      for (const examples of chosen) {
        const { step, epoch } = snapshot;
        const { split } = examples;
        const occasion: JacobianOccasion = { stage, step, epoch, split };
        const start = rightBlocks.get(split) ?? rightBlocks.values().next().value;
        const earlier = { grams, ...(start ? { start } : {}) };
        const found = await resumableSpectrum(opened, snapshot, examples, earlier, context).catch((error) => {
          throw placed(error, place);
        });
        // That of the last Jacobian stays: were the run killed on the way to its tables, it would go on from there.
        await finished?.remove();
        finished = found.checkpoint;
        if (found.rightBlock !== undefined) rightBlocks.set(split, found.rightBlock);
        const predicted = await opened.forward(examples.features, { signal });
        await outputs.spectrum.send(spectrumBatch(occasion, found));
        await outputs.metrics.send(jacobianMetricsBatch(occasion, found));
        await outputs.predictions.send(
          predictionsTable(opened.outputs, snapshot.loss).batch(
            { stage, step, epoch, split, id: examples.ids, values: predicted.values },
            predicted.rows,
          ),
        );
        await outputs.basis.send(await basisBatch(occasion, found, examples.ids));
      }
    };

    try {
      await inputs.parameters.forEach(async (batch) => {
        const snapshot = readSnapshot(batch, snapshots);
        if (model === undefined) {
          model = await (await context.engine()).open(snapshot.network);
          checkClasses(set, model.outputs, `stages.${stage}`);
        }
        await attend(snapshot, model);
      });
    } finally {
      await (model as Model | undefined)?.close();
    }
  },
});
