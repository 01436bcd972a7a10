import type { RecordBatch } from "apache-arrow";
import type { Model } from "../../engine/engine.js";
import { computeDensity, type Density } from "../../engine/spectrum/density.js";
import { type DensityPlan, planDensity } from "../../engine/spectrum/densityPlan.js";
import { defineStage, output, type StageContext, stream, whole } from "../../pipeline/stage.js";
import { density as densityTable } from "../../schemas/tables/density.js";
import { checkClasses, type Examples, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { readSnapshot } from "../snapshot.js";
import type { JacobianOccasion } from "./batches.js";
import { finiteOutputs, loadFinite, ofJacobian } from "./finite.js";
import { openJacobianJournal } from "./journal.js";
import { type DensityStageOptions, densityOptions } from "./options.js";
import { planDensities } from "./plannedDensity.js";
import { chosenExamples } from "./subset.js";

export const density = defineStage({
  name: "jacobian/density",
  summary: "Estimates how all singular values of the Jacobian are distributed, by block Lanczos quadrature",
  options: densityOptions,
  inputs: {
    examples: whole("examples", "the rows of J: one an example and class"),
    parameters: stream("parameters", "snapshots: one Jacobian a snapshot and split"),
  },
  outputs: {
    density: output("density", "one batch a Jacobian, values descending; counts add up to nK"),
  },
  plan: planDensities,
  run: async (inputs, outputs, context) => {
    const { stage, signal } = context;
    const place = `stages.${stage}.with`;
    const set = readExamples(inputs.examples.table);
    const from = { seed: context.seed, source: nameOf(inputs.examples), place };
    const chosen = chosenExamples(set, context.options, from);
    const { algebra } = await context.engine();
    const journal = await openJacobianJournal(chosen, outputs, context);
    let model: Model | undefined;
    try {
      await inputs.parameters.forEach(async (batch) => {
        const snapshot = readSnapshot(batch, nameOf(inputs.parameters));
        const { network, step, epoch } = snapshot;
        if (model === undefined) {
          model = await (await context.engine()).open(network);
          checkClasses(set, model.outputs, `stages.${stage}`);
        }
        await loadFinite(model, snapshot, stage);
        for (const examples of chosen) {
          const what = `density of step ${step}, ${examples.split}`;
          if (await journal.wasFinished(snapshot)) {
            context.log("info", `${what}: done before, which a checkpoint holds`);
            continue;
          }
          await finiteOutputs(model, snapshot, examples, stage, signal);
          const occasion = { stage, step, epoch, split: examples.split };
          const plan = planFor(model, examples, context);
          const { memoryBytes, sweeps } = plan;
          context.log("info", `${what}: ${plan.reason}`, {
            step,
            split: examples.split,
            sweeps,
            memoryBytes,
          });
          const seed = context.seed(`density ${examples.split} ${step}`);
          const found = await computeDensity(
            model,
            algebra,
            examples.features,
            { plan, seed },
            { signal, onProgress: progressOf(plan, examples, context) },
          ).catch((error: unknown) => {
            throw ofJacobian(error, snapshot, examples, stage);
          });
          await outputs.density.send(
            densityBatch(occasion, found, plan, examples.ids.length * model.outputs),
          );
          await journal.finish(snapshot);
        }
      });
    } catch (error) {
      await journal.stopped();
      throw error;
    } finally {
      await (model as Model | undefined)?.close();
    }
  },
});

function planFor(
  model: Model,
  { features }: Examples,
  context: StageContext<DensityStageOptions>,
): DensityPlan {
  const { columns, sweeps, exactUpTo } = context.options;
  return planDensity({
    ...{ examples: features.rows, inputs: features.columns, outputs: model.outputs },
    ...{ parameters: model.layout.trainableCount, columns, sweeps, exactUpTo },
    memoryLimit: context.memoryLimit,
  });
}

/** Progress over all sweeps: an engine counts the examples of one and begins anew with the next. */
function progressOf(plan: DensityPlan, { features }: Examples, context: StageContext<DensityStageOptions>) {
  const total = features.rows * Math.max(1, plan.sweeps);
  let before = 0;
  let last = 0;
  return (done: number): void => {
    if (done < last) before += features.rows;
    last = done;
    context.progress(Math.min(total, before + done), total, "examples");
  };
}

function densityBatch(
  { step, ...occasion }: JacobianOccasion,
  { parts, sweeps }: Density,
  plan: DensityPlan,
  rows: number,
): RecordBatch {
  let above = 0;
  const sums = parts.map(({ count }) => {
    above += count;
    return above - count;
  });
  return densityTable.batch(
    {
      ...{ ...occasion, jacobian_step: step, above: sums, sweeps, columns: plan.columns },
      index: parts.map((_, at) => at + 1),
      kind: parts.map(({ kind }) => kind),
      singular_value: parts.map(({ singularValue }) => singularValue),
      lower: parts.map(({ lower }) => lower),
      upper: parts.map(({ upper }) => upper),
      count: parts.map(({ count }) => count),
      share: parts.map(({ count }) => count / rows),
      cumulative: parts.map(({ count }, at) => sums[at] + count),
    },
    parts.length,
  );
}
