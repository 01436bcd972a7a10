import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../engine/engines.js";
import { referenceModel } from "../../engine/network/reference/reference.js";
import { kernelAlignment } from "../../plugins/kernel-alignment/src/stage.js";
import { sampleBatches } from "../../plugins/kit/samples.js";
import { runStage } from "../../plugins/kit/trial.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { readExamples } from "../../stages/examples.js";
import { spectrum } from "../../stages/jacobian/spectrum.js";
import { readSnapshot } from "../../stages/snapshot.js";

const law = suite("kernel alignment of a network");

const dot = (left: Float64Array, right: Float64Array) =>
  left.reduce((sum, value, at) => sum + value * right[at], 0);
const cosine = (left: Float64Array, right: Float64Array) =>
  dot(left, right) / Math.sqrt(dot(left, left) * dot(right, right));

/** A Aᵀ of rows of equal length. */
function outer(rows: readonly Float64Array[]): Float64Array {
  return Float64Array.from(rows.flatMap((row) => rows.map((other) => dot(row, other))));
}

law(
  "by jacobian/spectrum on the engine is that of the dense kernel of J's rows, whichever rank is kept",
  async () => {
    const examples = sampleBatches("examples");
    const train = readExamples(new Table([...examples])).train!;
    const n = train.labels.length;
    const snapshots = sampleBatches("parameters")
      .slice(0, 2)
      .map((batch) => readSnapshot(batch, "samples"));
    const jacobians = snapshots.map(({ network, parameters }) => {
      const model = referenceModel(network);
      model.load(parameters);
      const p = model.layout.trainableCount;
      return Array.from({ length: n }, (_, row) => {
        const rows = new Float64Array(model.outputs * p);
        model.rows(train.features.values.subarray(row * 3, row * 3 + 3), rows);
        return [rows.subarray(0, p), rows.subarray(p)];
      }).flat();
    });
    // Centred features have the centred kernel: every output's rows minus their mean.
    const centred = (rows: readonly Float64Array[]) =>
      rows.map((row, at) =>
        row.map((value, column) => {
          const same = rows.filter((_, other) => other % 2 === at % 2);
          return value - same.reduce((sum, other) => sum + other[column], 0) / n;
        }),
      );
    const hot = [...train.labels].flatMap((label) => [0, 1].map((k) => Float64Array.of(label === k ? 1 : 0)));
    const alignments = jacobians.map((rows) => cosine(outer(centred(rows)), outer(centred(hot))));
    const moved = 1 - cosine(outer(jacobians[0]), outer(jacobians[1]));

    const engine = createEngine();
    const trial = { engine: () => engine };
    try {
      for (const rank of [2, 8]) {
        const parameters = sampleBatches("parameters").slice(0, 2);
        const svd = await runStage(spectrum, {
          ...trial,
          options: { rank, method: "exact" },
          inputs: { examples: [examples], parameters: [parameters] },
        });
        assert.is(svd.error, undefined);
        const aligned = await runStage(kernelAlignment, {
          ...trial,
          inputs: { examples: [examples], basis: [svd.batches.basis] },
        });
        assert.is(aligned.error, undefined);
        const values = aligned.batches.metrics.map((batch) => {
          const { name, value } = metrics.read(batch);
          return new Map(name.map((own, row) => [own, value[row]]));
        });
        const check = (found: ReadonlyMap<string, number>, name: string, wanted: number) => {
          const [value, bound] = [found.get(name)!, found.get(`${name}_bound`)!];
          assert.ok(
            Math.abs(value - wanted) <= bound + 1e-5,
            `rank ${rank}: ${name} ${value}, not ${wanted} ± ${bound}`,
          );
          if (rank === 8) assert.ok(bound < 1e-3, `rank ${rank}: ${name}_bound ${bound}`);
        };
        alignments.forEach((wanted, at) => void check(values[at], "kernel_alignment", wanted));
        check(values[1], "kernel_distance", moved);
      }
    } finally {
      await (await engine).close();
    }
  },
);

law.run();
