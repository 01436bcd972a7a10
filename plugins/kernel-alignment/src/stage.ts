import {
  defineStage,
  type JacobianBasis,
  metrics,
  output,
  readBasis,
  readExamples,
  rowLabels,
  sameRows,
  stream,
  whole,
} from "jacoflow";
import { Type } from "typebox";
import { alignment } from "./alignment.js";
import { distance } from "./distance.js";
import { kernelErrors } from "./errors.js";
import { type Bounded, type Kernel, kernelOf } from "./kernel.js";

const options = Type.Object(
  {
    targets: Type.Array(Type.Union([Type.Literal("label"), Type.Literal("clean_label")]), {
      default: ["label", "clean_label"],
      uniqueItems: true,
      description:
        "what alignment is measured with: label (metric kernel_alignment), clean_label (clean_kernel_alignment)",
    }),
    against: Type.Array(Type.Union([Type.Literal("previous"), Type.Literal("initial")]), {
      default: ["previous", "initial"],
      uniqueItems: true,
      description:
        "what a kernel's distance is measured to: previous (metric kernel_distance), initial (initial_kernel_distance)",
    }),
    centring: Type.Union([Type.Literal("outputs"), Type.Literal("none")], {
      default: "outputs",
      description:
        "for alignment: outputs (every output minus its mean over the examples, of features and labels) or none",
    }),
  },
  { additionalProperties: false },
);

/** A Jacobian that later ones are compared with. */
interface Earlier {
  readonly jacobian: JacobianBasis;
  readonly kernel: Kernel;
}

const metricOf = {
  label: "kernel_alignment",
  clean_label: "clean_kernel_alignment",
  previous: "kernel_distance",
  initial: "initial_kernel_distance",
} as const;

export const kernelAlignment = defineStage({
  name: "metrics/kernel-alignment",
  summary: "Measures how the tangent kernel aligns with the labels, and how far it moves while training",
  options,
  inputs: {
    examples: whole("examples", "the labels"),
    basis: stream("basis", "left singular vectors of Jacobians"),
  },
  outputs: {
    metrics: output(
      "metrics",
      "alignments and distances of each Jacobian, and after each NAME a row NAME_bound: how far the whole kernel's can be from it",
    ),
  },
  run: async (inputs, outputs, context) => {
    const { stage, options } = context;
    const set = readExamples(inputs.examples.table);
    const { algebra } = await context.engine();
    const gram = (rows: Parameters<typeof algebra.gram64>[0]) => algebra.gram64(rows, "rows");
    const source = `${inputs.basis.origin.stage}.${inputs.basis.origin.port}`;
    const from = `${inputs.examples.origin.stage}.${inputs.examples.origin.port}`;
    const earlier = { previous: new Map<string, Earlier>(), initial: new Map<string, Earlier>() };
    await inputs.basis.forEach(async (batch) => {
      const jacobian = readBasis(batch, source);
      if (jacobian === undefined) return;
      const { split, step, epoch, classes } = jacobian;
      const kernel = kernelOf(jacobian);
      const found: [string, Bounded][] = [];
      const { labels, cleanLabels } = rowLabels(set, jacobian, from);
      for (const target of options.targets) {
        const own = oneHot(target === "label" ? labels : cleanLabels, classes, from);
        found.push([metricOf[target], await alignment(kernel, own, classes, options.centring, gram)]);
      }
      for (const reference of options.against) {
        const other = earlier[reference].get(split);
        if (other === undefined) continue;
        if (!sameRows(jacobian, other.jacobian)) throw kernelErrors.otherExamples(source, split, step);
        found.push([metricOf[reference], await distance(kernel, other.kernel, gram)]);
      }
      if (!earlier.initial.has(split)) earlier.initial.set(split, { jacobian, kernel });
      earlier.previous.set(split, { jacobian, kernel });
      const name = found.flatMap(([metric]) => [metric, `${metric}_bound`]);
      const value = found.flatMap(([, { value, bound }]) => [value, bound]);
      if (name.length === 0) return;
      await outputs.metrics.send(metrics.batch({ stage, step, epoch, split, name, value }, name.length));
    });
  },
});

function oneHot(labels: Int32Array, outputs: number, source: string): Float64Array {
  const target = new Float64Array(labels.length * outputs);
  labels.forEach((label, row) => {
    if (label >= outputs) throw kernelErrors.outputs(source, label, outputs);
    target[row * outputs + label] = 1;
  });
  return target;
}
