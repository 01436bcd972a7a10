import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { coordinatesOf, type InformationSpace, informationSpace } from "../../engine/spectrum/projection.js";
import { labelTarget } from "../../engine/spectrum/targets.js";
import {
  type BoundedProblem,
  cutRanks,
  type TheoremBounds,
  theoremBounds,
  wholeSpaceBound,
} from "../../engine/theory/bounds.js";
import {
  type BatchStore,
  defineStage,
  type InputStream,
  many,
  optional,
  output,
  stream,
  whole,
} from "../../pipeline/stage.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { bound as boundTable } from "../../schemas/tables/bound.js";
import { kernelVarianceOf } from "../../schemas/tables/spectrum.js";
import { checkClasses, readExamples } from "../examples.js";
import { type JacobianBasis, readBasis } from "../metrics/basis.js";
import { rowLabels } from "../metrics/labels.js";
import { nameOf } from "../origin.js";
import { type Evaluation, errorsOf, nearest } from "./evaluations.js";
import { planBounds } from "./plan.js";
import { distanceTo, readResidual } from "./residual.js";

const options = Type.Object(
  {
    gamma: Type.Array(Type.Number({ minimum: 1 }), {
      minItems: 1,
      default: [1, 2, 3, 4, 6, 8],
      description: "Γ ≥ 1: the values to sweep over, at every cut",
    }),
    cuts: Type.Integer({
      minimum: 2,
      default: 60,
      description:
        "cuts α to sweep over, at most: those between the singular values of the basis, spread evenly in the logarithm of the rank where there are more",
    }),
    learningRate: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          "of the training, whose loss is the mean over a batch: η = learningRate / n, and T is a number of its steps; without it η = 1/σ_1², the largest to which the bounds of the linearised problem hold",
      }),
    ),
  },
  { additionalProperties: false },
);

/** A basis with the stage it came from. */
interface Offer {
  readonly source: string;
  readonly jacobian: JacobianBasis;
  /** See `BoundedProblem`. */
  readonly scale: number;
}

export const bounds = defineStage({
  name: "theory/bounds",
  summary:
    "Evaluates the bounds of Theorems 2.2 and 2.3 over a sweep of cuts α and Γ, beside the measured test error",
  options,
  inputs: {
    examples: whole("examples", "labels of the Jacobian's examples"),
    basis: many(
      stream(
        "basis",
        "left singular vectors of a Jacobian or of theory/multiclass-ntk; of each stage the first of the train split is taken, with all its vectors",
      ),
    ),
    predictions: optional(
      stream("predictions", "outputs on the train split; those at the Jacobian's own step give r_0"),
    ),
    metrics: optional(stream("metrics", "error on the test split, to put beside the bounds")),
  },
  outputs: {
    bound: output("bound", "one batch a stage and target, one row a cut and Γ"),
  },
  plan: (_options, context) => planBounds(context),
  run: async (inputs, outputs, context) => {
    const { stage, options, signal } = context;
    const place = `stages.${stage}`;
    const set = readExamples(inputs.examples.table);
    const kept = context.store("predictions");
    const evaluations: Evaluation[] = [];
    const [offers] = await Promise.all([
      Promise.all(inputs.basis.map(firstOf)),
      inputs.predictions?.forEach(async (batch) => {
        await kept.append(batch);
      }),
      inputs.metrics?.forEach((batch) => {
        evaluations.push(...errorsOf(batch, "test"));
      }),
    ]);
    const { algebra } = await context.engine();
    for (const [at, offer] of offers.entries()) {
      if (offer === undefined) throw theoryErrors.noTrainJacobian(nameOf(inputs.basis[at]), place);
      const { jacobian, source } = offer;
      checkClasses(set, jacobian.classes, place);
      const { labels } = rowLabels(set, jacobian, nameOf(inputs.examples));
      const space = await informationSpace(algebra, jacobian, { by: "rank", rank: jacobian.vectors.rows });
      const targets = [["label", labelTarget(labels, jacobian.classes)]] as [string, Float64Array][];
      if (inputs.predictions !== undefined) {
        const start = await startOf(kept, jacobian, labels, place);
        if (start === undefined) throw theoryErrors.noStart(nameOf(inputs.predictions), jacobian.step, place);
        targets.push(["residual", start]);
      }
      const largest = space.singularValues[0] ?? 0;
      const stepSize =
        options.learningRate === undefined ? 1 / largest ** 2 : options.learningRate / jacobian.ids.length;
      if (stepSize * largest ** 2 > 1 + 1e-9) {
        const stability = stepSize * largest ** 2;
        const message = `ησ₁² is ${stability.toPrecision(3)}: above 1 the bounds of the linearised problem do not apply`;
        context.log("warning", message, { stability });
      }
      for (const [target, vector] of targets) {
        signal.throwIfAborted();
        const problem = await problemOf(offer, space, vector, stepSize);
        const ranks = cutRanks(problem.singularValues, problem.nextSingularValue, options.cuts);
        const rows = theoremBounds(problem, ranks, options.gamma);
        if (rows.length === 0) continue;
        const best = rows.reduce((least, row) => (row.bound < least.bound ? row : least));
        if (best.rank === ranks.at(-1) && space.rank < space.dimension) {
          const message = `the bound of ${target} falls up to the last of the ${space.rank} vectors of ${source}: its minimum may lie beyond`;
          context.log("info", message, { source, rank: best.rank });
        }
        const measured = rows.map((row) =>
          options.learningRate === undefined ? undefined : nearest(evaluations, jacobian.step + row.steps),
        );
        await outputs.bound.send(boundBatch(rows, measured, { stage, target, offer, problem, best }));
      }
    }
  },
});

/** The first Jacobian of the train split; the rest of the stream is read and left. */
async function firstOf(input: InputStream): Promise<Offer | undefined> {
  let found: Offer | undefined;
  await input.forEach((batch) => {
    if (found !== undefined) return;
    const jacobian = readBasis(batch, nameOf(input));
    if (jacobian?.split !== "train") return;
    const variance = kernelVarianceOf(batch.schema);
    const scale = variance === undefined ? 1 : 1 / Math.sqrt(variance * jacobian.classes);
    found = { source: input.origin.stage, jacobian, scale };
  });
  return found;
}

/** r_0: the residual at the Jacobian's step. */
async function startOf(
  kept: BatchStore,
  jacobian: JacobianBasis,
  labels: Int32Array,
  place: string,
): Promise<Float64Array | undefined> {
  for await (const batch of kept) {
    const found = readResidual(batch, jacobian, labels, place);
    if (found?.step === jacobian.step) return found.residual;
  }
}

async function problemOf(
  { jacobian, scale }: Offer,
  space: InformationSpace,
  vector: Float64Array,
  stepSize: number,
): Promise<BoundedProblem> {
  const coordinates = await coordinatesOf(space, vector);
  return {
    ...{ coordinates, stepSize, scale, singularValues: space.singularValues, dimension: space.dimension },
    rest: await distanceTo(space, coordinates, vector),
    nextSingularValue: jacobian.nextSingularValues[space.rank - 1] ?? 0,
    examples: jacobian.ids.length,
  };
}

function boundBatch(
  rows: readonly TheoremBounds[],
  measured: readonly (Evaluation | undefined)[],
  of: {
    readonly stage: string;
    readonly target: string;
    readonly offer: Offer;
    readonly problem: BoundedProblem;
    readonly best: TheoremBounds;
  },
): RecordBatch {
  const { stage, target, offer, problem, best } = of;
  const { jacobian, source } = offer;
  const column = (name: keyof TheoremBounds) => Float64Array.from(rows, (row) => row[name]);
  return boundTable.batch(
    {
      ...{ stage, source, target, jacobian_step: jacobian.step, epoch: jacobian.epoch, split: "train" },
      rank: Int32Array.from(rows, ({ rank }) => rank),
      ...{ alpha: column("alpha"), cutoff: column("cutoff"), gamma: column("gamma") },
      ...{ bias: column("bias"), variance: column("variance"), bound: column("bound") },
      minimum: rows.map((row) => row === best),
      whole_space: wholeSpaceBound(problem),
      step_size: problem.stepSize,
      stability: problem.stepSize * problem.singularValues[0] ** 2,
      steps: column("steps"),
      ...{ residual_bound: column("residualBound"), residual_predicted: column("residual") },
      ...{ distance_bound: column("distanceBound"), distance_predicted: column("distance") },
      measured_epoch: measured.map((found) => found?.epoch ?? Number.NaN),
      measured_error: measured.map((found) => found?.value ?? Number.NaN),
    },
    rows.length,
  );
}
