import { type NetworkCost, networkCost } from "../../engine/network/cost.js";
import { parseNetwork } from "../../engine/network/parse.js";
import { elements, inferShapes } from "../../engine/network/shapes.js";
import { type DensityPlan, planDensity } from "../../engine/spectrum/densityPlan.js";
import { eigenWork, times, type Work, workAt, workOf } from "../../engine/work.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import { splits } from "../../schemas/columns.js";
import type { DensityStageOptions } from "./options.js";
import { plannedSubset } from "./plan.js";

/** One split's Jacobian, planned. */
interface Planned {
  readonly split: string;
  readonly examples: number;
  /** nK. */
  readonly rows: number;
  readonly plan: DensityPlan;
}

/**
 * Method, memory and sweeps of the densities of all snapshots; how many rows they have is seen only in the end. Errors:
 * NO_SPLIT, MEMORY_LIMIT.
 */
export function planDensities(options: DensityStageOptions, context: PlanContext): StagePlan {
  const { network: described, parameters, epochs } = context.inputs.parameters ?? {};
  const counts = plannedSubset(options, context);
  if (counts === undefined || described === undefined || parameters === undefined) return {};
  const network = parseNetwork(described, "network");
  const { outputs } = inferShapes(network);
  const { columns, sweeps, exactUpTo } = options;
  const planned = splits.flatMap((split): Planned[] => {
    const examples = counts[split];
    if (examples === undefined) return [];
    const size = { examples, inputs: elements(network.input), outputs, parameters };
    const wanted = { columns, sweeps, exactUpTo, memoryLimit: context.memoryLimit };
    return [{ split, examples, rows: examples * outputs, plan: planDensity({ ...size, ...wanted }) }];
  });
  const snapshots = epochs?.length;
  const cost = networkCost(network);
  const one = workOf(...planned.map((part) => workOfDensity(part, cost, parameters, context)));
  const passes = planned.reduce((sum, { plan }) => sum + plan.sweeps, 0);
  return {
    memoryBytes: Math.max(...planned.map(({ plan }) => plan.memoryBytes)),
    work: {
      ...(snapshots === undefined ? {} : { sweeps: snapshots * passes, ...times(snapshots, one) }),
      bytes: Math.max(...planned.map(({ rows }) => 4 * rows * parameters)),
    },
    notes: planned.map(({ split, rows, plan }) => `J of ${split}: ${rows} × ${parameters}; ${plan.reason}`),
    outputs: epochs === undefined ? {} : { density: { epochs, batches: epochs.length * planned.length } },
  };
}

function workOfDensity(
  { examples, rows, plan }: Planned,
  cost: NetworkCost,
  parameters: number,
  { rates }: PlanContext,
): Work {
  const { sweeps, columns, route } = plan;
  if (route === "quadrature") {
    const basis = sweeps * columns;
    return workOf(
      workAt(rates.network, examples * (sweeps * cost.passFlops + cost.productFlops * basis)),
      workAt(rates.algebra, 4 * parameters * basis ** 2 + rows * basis ** 2),
      eigenWork(rates, basis, basis),
    );
  }
  const product = route === "gram-of-rows" ? cost.gramFlops(examples) : rows * parameters ** 2;
  const size = Math.min(rows, parameters);
  return workOf(
    workAt(rates.network, examples * cost.passFlops),
    workAt(rates.algebra, product),
    eigenWork(rates, size, size),
  );
}
