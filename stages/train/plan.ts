import { networkCost } from "../../engine/network/cost.js";
import { parameterLayout } from "../../engine/network/layout.js";
import { parseNetwork } from "../../engine/network/parse.js";
import { inferShapes } from "../../engine/network/shapes.js";
import { times, workAt, workOf } from "../../engine/work.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { trainErrors } from "../../schemas/errors/train.js";
import { nameOf } from "../origin.js";
import { countOf, countsOf, plannedMetrics, plannedPredictions, plannedSnapshots } from "../plannedTable.js";
import { momentsOf } from "./calendar.js";
import { durationOf, snapshotMomentsOf } from "./duration.js";
import type { TrainOptions } from "./options.js";

/** Numbers an optimiser keeps a parameter besides the gradient. */
const keptNumbers: Readonly<Record<TrainOptions["optimizer"], number>> = {
  gd: 0,
  sgd: 0,
  momentum: 1,
  adam: 2,
};

/**
 * Steps, evaluations and snapshots from the numbers of examples; what they take, from the network. Errors: NO_SPLIT and
 * those of durationOf and snapshotMomentsOf, which the run would end with.
 */
export function planTraining(options: TrainOptions, { inputs, place, rates }: PlanContext): StagePlan {
  const { examples } = inputs.examples!;
  if (examples === undefined) return {};
  const source = nameOf(inputs.examples!);
  if (examples.train === undefined) throw trainErrors.noTrainingExamples(source);
  const n = examples.train;
  const duration = durationOf(options, n, `${place}.with`);
  const { stepsPerEpoch, epochs } = duration;
  const { every = 1, unit = "epochs", split } = options.evaluate;
  const asked: readonly Split[] = split === undefined ? [] : [split].flat();
  const evaluated = countsOf(examples, asked, (name) =>
    trainErrors.noSplit(source, name, `${place}.with.evaluate.split`),
  );
  const epochsOf = (steps: ReadonlySet<number>) =>
    [...steps].map((step) => step / stepsPerEpoch).sort((left, right) => left - right);
  const snapshots = epochsOf(snapshotMomentsOf(options, duration, `${place}.with`));
  const evaluations = epochsOf(momentsOf({ every, unit }, duration));
  const names = [
    ...Object.keys(evaluated).flatMap(() => ["loss", "error", "clean_error"]),
    "parameter_distance",
    "learning_rate",
  ];
  const metrics = plannedMetrics(names, evaluations.length, evaluations, place);
  const steps = epochs * stepsPerEpoch;
  const { network: described } = inputs.parameters ?? {};
  if (described === undefined) {
    return { work: { steps }, outputs: { snapshots: { batches: snapshots.length }, metrics } };
  }
  const network = parseNetwork(described, "network");
  const { outputs } = inferShapes(network);
  const cost = networkCost(network);
  const work = workOf(
    times(epochs * n, workAt(rates.network, cost.gradientFlops)),
    times(evaluations.length * countOf(evaluated), workAt(rates.network, cost.forwardFlops)),
  );
  const batch = options.batchSize === "full" ? n : options.batchSize;
  const kept = keptNumbers[options.optimizer];
  const held = 4 + kept + (options.onDivergence === "halve-rate" ? 1 + kept : 0);
  return {
    memoryBytes:
      youngGarbage +
      4 * held * parameterLayout(network).totalCount +
      4 * (2 * Math.min(batch, batchInWork) * cost.activations + countOf(evaluated) * outputs),
    work: { steps, ...work },
    outputs: {
      snapshots: plannedSnapshots(network, snapshots),
      predictions: plannedPredictions(evaluated, outputs, evaluations, place),
      metrics,
    },
  };
}

/** Bytes of short-lived objects of the steps that wait for the garbage collector (measured). */
const youngGarbage = 25e6;

/** Examples whose activations an engine holds at a time. */
const batchInWork = 256;
