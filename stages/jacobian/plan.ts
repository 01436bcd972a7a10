import { parseNetwork } from "../../engine/network/parse.js";
import { inferShapes } from "../../engine/network/shapes.js";
import { planSpectrum, type SpectrumPlan } from "../../engine/spectrum/estimate.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import { type Split, splits } from "../../schemas/columns.js";
import type { SpectrumStageOptions } from "./options.js";
import { placed } from "./placed.js";

/**
 * What the Jacobians of all snapshots will take, from the numbers of examples and the network: the method `auto` would
 * choose with its reason, sweeps in all, bytes of the largest J and of the memory while one is computed. A Jacobian after
 * the first starts from the vectors of the one before. Errors: those of `planSpectrum`.
 */
export function planJacobians(options: SpectrumStageOptions, context: PlanContext): StagePlan {
  const { examples: counts } = context.inputs.examples ?? {};
  const { network: described, parameters, batches } = context.inputs.parameters ?? {};
  if (counts === undefined || described === undefined || parameters === undefined) return {};
  const network = parseNetwork(described, "network");
  const { outputs } = inferShapes(network);
  const asked: readonly Split[] = [options.split].flat();
  const first: { readonly split: string; readonly rows: number; readonly plan: SpectrumPlan }[] = [];
  let later = 0;
  for (const split of splits.filter((name) => asked.includes(name))) {
    const there = counts[split];
    if (there === undefined) return {};
    const examples = Math.min(there, options.examples ?? there);
    const problem = {
      ...{ network, examples, outputs, parameters },
      ...{ rank: options.rank, method: options.method, precision: options.precision },
      ...(options.blockSize === undefined ? {} : { blockSize: options.blockSize }),
      ...{ memoryLimit: context.memoryLimit, rates: context.rates },
    };
    try {
      const cold = planSpectrum(problem);
      // Gram matrices leave no vectors to start from.
      const warm =
        cold.method === "exact" ? cold : planSpectrum({ ...problem, startColumns: cold.blockSize });
      first.push({ split, rows: examples * outputs, plan: first.length === 0 ? cold : warm });
      later += warm.sweeps;
    } catch (error) {
      throw placed(error, `${context.place}.with`);
    }
  }
  const sweepsOfFirst = first.reduce((sum, { plan }) => sum + plan.sweeps, 0);
  const jacobians = batches === undefined ? {} : { batches: batches * first.length };
  return {
    memoryBytes: Math.max(...first.map(({ plan }) => plan.memoryBytes)),
    work: {
      ...(batches === undefined ? {} : { sweeps: sweepsOfFirst + Math.max(0, batches - 1) * later }),
      bytes: Math.max(...first.map(({ rows }) => 4 * rows * parameters)),
    },
    notes: first.map(({ split, rows, plan }) => `J of ${split}: ${rows} × ${parameters}; ${plan.reason}`),
    outputs: { spectrum: jacobians, basis: jacobians, predictions: jacobians, metrics: jacobians },
  };
}
