import type { Matrix } from "../../engine/engine.js";
import { defaultBlockSize } from "../../engine/spectrum/estimate.js";
import { atLeast, largestDifference } from "../bars.js";
import { firstExamples, loaded, mlp } from "../cases.js";
import { type Context, withNative } from "../context.js";
import { inTurn, ratioOf, timed } from "../measure.js";
import { block } from "./sweep.js";

/** MLP 784-512-512-10: the fused sweep against forming the rows, without even multiplying them. */
export async function fusedPart(context: Context): Promise<void> {
  const [count, chunk, outputs] = [2000, 10, 10];
  const one = mlp([512, 512], 784, outputs, count);
  const columns = defaultBlockSize(50);
  await withNative(context.threads, async (engine) => {
    const model = await loaded(engine.open(one.network), one);
    const Q = block(model.layout.trainableCount, columns);
    const rows = async () => {
      const { columns: width, values } = one.features;
      for (let first = 0; first < count; first += chunk) {
        const part = values.subarray(first * width, (first + chunk) * width);
        await model.rows({ rows: chunk, columns: width, values: part });
      }
    };
    const few = firstExamples(one, 3);
    const swept = await model.sweep(few, Q);
    const formed = productOf(await model.rows(few), Q);
    const comparison = await inTurn(
      [
        { name: "sweep", run: () => timed(() => model.sweep(one.features, Q)) },
        { name: "rows", run: () => timed(rows) },
      ],
      context,
    );
    context.keep("fused", { count, columns, ...comparison });
    context.report({
      figure: "MLP 784-512-512-10, n = 2,000, K = 10: sweep against forming rows",
      bar: atLeast(4),
      stretch: 8,
      measured: ratioOf(comparison, 1, 0),
      unit: "×",
      agreement: {
        difference: largestDifference(swept.product.values, formed),
        tolerance: 1e-4,
        what: "JQ of three examples, fused and from rows",
      },
      note: `${comparison.seconds[0].toFixed(2)} s (JQ and Jᵀ(JQ), b = ${columns}) against ${comparison.seconds[1].toFixed(2)} s for the rows alone, ${chunk} examples at a time`,
    });
  });
}

function productOf(rows: Matrix, Q: Matrix): Float64Array {
  const product = new Float64Array(rows.rows * Q.columns);
  for (let row = 0; row < rows.rows; row += 1) {
    for (let k = 0; k < rows.columns; k += 1) {
      const value = rows.values[row * rows.columns + k];
      if (value === 0) continue;
      for (let column = 0; column < Q.columns; column += 1) {
        product[row * Q.columns + column] += value * Q.values[k * Q.columns + column];
      }
    }
  }
  return product;
}
