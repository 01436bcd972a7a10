import { Type } from "typebox";
import type { Activation } from "../../engine/network/network.js";
import { kernelSpectrum } from "../../engine/theory/kernelSpectrum.js";
import { multiclassNtk as kernelOf } from "../../engine/theory/multiclassNtk.js";
import { defineStage, output, whole } from "../../pipeline/stage.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { kernelBasis } from "../../schemas/tables/spectrum.js";
import { classCount, readExamples } from "../examples.js";
import { basisBatch, jacobianMetricsBatch, spectrumBatch } from "../jacobian/batches.js";
import { subsetOptions } from "../jacobian/options.js";
import { chosenExamples } from "../jacobian/subset.js";
import { nameOf } from "../origin.js";
import { kernelBytes, planKernel } from "./plan.js";

const activations = [
  "relu",
  "erf",
  "softplus",
  "tanh",
  "sigmoid",
  "gelu",
  "linear",
] as const satisfies readonly Activation[];

const options = Type.Object(
  {
    rank: Type.Integer({
      minimum: 1,
      description: "values and vectors wanted, at most examples × classes",
    }),
    activation: Type.Union(
      activations.map((name) => Type.Literal(name)),
      {
        default: "relu",
        description:
          "φ of the theory's network f(x; W) = V φ(W x); relu, erf and linear in closed form, the others to 1e-8 for inputs that are not much longer than 1",
      },
    ),
    variance: Type.Number({
      exclusiveMinimum: 0,
      default: 1,
      description:
        "ν², where Var(V) = ν²/k: the values are those of ν Σ(X)^½, so of E[JJᵀ]^½; 1/K for V = ±1/√(kK)",
    }),
    ...subsetOptions,
  },
  { additionalProperties: false },
);

export const multiclassNtk = defineStage({
  name: "theory/multiclass-ntk",
  summary:
    "Computes the multiclass neural tangent kernel of the theory's network, as spectrum and information space",
  options,
  inputs: {
    examples: whole("examples", "the inputs, best of norm 1; labels are not used, but for their number K"),
  },
  outputs: {
    spectrum: output(
      "spectrum",
      "square roots of the eigenvalues of ν² Σ(X), one batch a split: the singular values of J that an infinitely wide network would have",
    ),
    basis: output("basis", "its eigenvectors, sample-major as those of a Jacobian, at step 0"),
    metrics: output("metrics", "jacobian_norm, effective_rank and stable_rank of ν Σ(X)^½"),
  },
  plan: planKernel,
  run: async (inputs, outputs, context) => {
    const { stage, options, signal } = context;
    const place = `stages.${stage}.with`;
    const { table } = inputs.examples;
    const source = nameOf(inputs.examples);
    const set = readExamples(table);
    const classes = classCount(set);
    const { algebra } = await context.engine();
    const bases = kernelBasis(options.variance);
    for (const examples of chosenExamples(set, options, { seed: context.seed, source, place })) {
      const n = examples.ids.length;
      if (options.rank > n * classes) {
        throw spectrumErrors.rankTooLarge(options.rank, n * classes, n * classes);
      }
      const needed = kernelBytes(n);
      if (needed > context.memoryLimit)
        throw theoryErrors.kernelMemory(n, needed, context.memoryLimit, place);
      const block = await kernelOf(examples.features, options.activation, signal);
      const found = await kernelSpectrum(algebra, block, { classes, ...options });
      const occasion = { stage, step: 0, epoch: 0, split: examples.split };
      await outputs.spectrum.send(spectrumBatch(occasion, found));
      await outputs.metrics.send(jacobianMetricsBatch(occasion, found));
      await outputs.basis.send(await basisBatch(occasion, found, examples.ids, bases));
    }
  },
});
