import { networkCost } from "../../engine/network/cost.js";
import { parseNetwork } from "../../engine/network/parse.js";
import { inferShapes } from "../../engine/network/shapes.js";
import { planSpectrum, type SpectrumPlan } from "../../engine/spectrum/estimate.js";
import { guardCount } from "../../engine/spectrum/krylov.js";
import { times, type Work, workAt, workOf } from "../../engine/work.js";
import type { PlanContext, PlannedTable, StagePlan } from "../../pipeline/stage.js";
import { type Split, splits } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { nameOf } from "../origin.js";
import {
  countOf,
  countsOf,
  nameLength,
  plannedMetrics,
  plannedPredictions,
  plannedSize,
} from "../plannedTable.js";
import type { SpectrumStageOptions } from "./options.js";
import { placed } from "./placed.js";

/**
 * What the Jacobians of all snapshots will take, from the numbers of examples and the network: the method `auto` would
 * choose with its reason, sweeps in all, bytes of the largest J and of the memory while one is computed. A Jacobian after
 * the first starts from the vectors of the one before. Errors: NO_SPLIT and those of `planSpectrum`.
 */
export function planJacobians(options: SpectrumStageOptions, context: PlanContext): StagePlan {
  const { inputs, place, rates, memoryLimit } = context;
  const { network: described, parameters, epochs } = inputs.parameters ?? {};
  const counts = plannedSubset(options, context);
  if (counts === undefined || described === undefined || parameters === undefined) return {};
  const network = parseNetwork(described, "network");
  const { outputs } = inferShapes(network);
  const first: { readonly split: string; readonly rows: number; readonly plan: SpectrumPlan }[] = [];
  const later: SpectrumPlan[] = [];
  const snapshots = epochs?.length;
  // Right vectors of every split that the next Jacobian starts from, or the next split.
  const keptEach = 4 * parameters * (options.rank + guardCount);
  const asked = Object.keys(counts).length;
  const keptBytes = asked === 1 && snapshots === 1 ? 0 : asked * keptEach;
  for (const split of splits) {
    const examples = counts[split];
    if (examples === undefined) continue;
    const problem = {
      ...{ network, examples, outputs, parameters },
      ...{ rank: options.rank, method: options.method, precision: options.precision },
      ...(options.blockSize === undefined ? {} : { blockSize: options.blockSize }),
      ...{ keptBytes, memoryLimit, rates },
    };
    try {
      const cold = planSpectrum(problem);
      // Gram matrices leave no vectors to start from.
      const warm =
        cold.method === "exact" ? cold : planSpectrum({ ...problem, startColumns: cold.blockSize });
      first.push({ split, rows: examples * outputs, plan: first.length === 0 ? cold : warm });
      later.push(warm);
    } catch (error) {
      throw placed(error, `${place}.with`);
    }
  }
  const sweeps = (plans: readonly SpectrumPlan[]) => plans.reduce((sum, plan) => sum + plan.sweeps, 0);
  const cold = first.map(({ plan }) => plan);
  const work = (batches: number): Work & { readonly sweeps: number } => ({
    sweeps: sweeps(cold) + Math.max(0, batches - 1) * sweeps(later),
    ...workOf(
      ...cold,
      times(Math.max(0, batches - 1), workOf(...later)),
      times(batches * countOf(counts), workAt(rates.network, networkCost(network).forwardFlops)),
    ),
  });
  const method = Math.max(...cold.map((plan) => plan.method.length));
  // Splits computed exactly keep none; beside them lie those of the others.
  const kept = keptBytes === 0 ? 0 : keptEach * cold.filter((plan) => plan.method !== "exact").length;
  const computed = [...cold, ...(snapshots === 1 ? [] : later)].map(
    (plan) => plan.memoryBytes + kept - (plan.method === "exact" ? 0 : keptBytes),
  );
  return {
    memoryBytes: Math.max(...computed),
    work: {
      ...(snapshots === undefined ? {} : work(snapshots)),
      bytes: Math.max(...first.map(({ rows }) => 4 * rows * parameters)),
    },
    notes: first.map(({ split, rows, plan }) => `J of ${split}: ${rows} × ${parameters}; ${plan.reason}`),
    outputs: epochs === undefined ? {} : plannedSpectra(counts, outputs, options.rank, epochs, place, method),
  };
}

/** Examples of each split that `split` and `examples` leave; undefined when they are not known. Errors: NO_SPLIT. */
export function plannedSubset(
  { split, examples }: { readonly split: Split | readonly Split[]; readonly examples?: number },
  { inputs, place }: PlanContext,
): NonNullable<PlannedTable["examples"]> | undefined {
  const offer = inputs.examples!;
  const there = offer.examples;
  if (there === undefined) return undefined;
  const refuse = (name: Split) => spectrumErrors.noSplit(nameOf(offer), name, `${place}.with.split`);
  const chosen = Object.entries(countsOf(there, [split].flat(), refuse));
  return Object.fromEntries(chosen.map(([name, count]) => [name, Math.min(count, examples ?? count)]));
}

/** Spectrum, basis, predictions and metrics of a Jacobian of every split at every epoch. */
export function plannedSpectra(
  counts: NonNullable<PlannedTable["examples"]>,
  classes: number,
  rank: number,
  epochs: readonly number[],
  place: string,
  methodLength: number,
) {
  const snapshots = epochs.length;
  const batches = snapshots * Object.keys(counts).length;
  const size = { rows: batches * rank, batches };
  const known = { examples: counts, classes, epochs };
  const textBytes = nameLength(place);
  return {
    spectrum: {
      ...known,
      ...plannedSize(spectrum.schema, { ...size, textBytes: textBytes + methodLength }),
    },
    basis: {
      ...known,
      ...plannedSize(basis.schema, {
        ...{ ...size, textBytes },
        listNumbers: snapshots * countOf(counts) * (rank * classes + 1),
      }),
    },
    predictions: plannedPredictions(counts, classes, epochs, place),
    metrics: plannedMetrics(["jacobian_norm", "effective_rank", "stable_rank"], batches, epochs, place),
  };
}
