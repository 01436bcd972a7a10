import type { Matrix } from "../../engine/engine.js";
import { peakFlops } from "../../engine/native/engine.js";
import { defaultBlockSize } from "../../engine/spectrum/estimate.js";
import { atLeast } from "../bars.js";
import { loaded, resnet20 } from "../cases.js";
import { type Context, withNative } from "../context.js";
import { flopsOf } from "../flops.js";
import { inTurn, median, ratioOf, timed } from "../measure.js";

/** Columns of Q that look like a block's. */
export function block(rows: number, columns: number): Matrix {
  const values = Float32Array.from({ length: rows * columns }, (_, index) => Math.sin(index * 12.9898) / 512);
  return { rows, columns, values };
}

/** The sweep's rate against the processor's peak, and two threads against one. */
export async function sweepPart(context: Context): Promise<void> {
  const { threads, rounds, patience } = context;
  for (const [outputs, count] of [
    // Enough images that packing Q and touching Z the first time, done once a sweep, weigh little, as they do in use.
    [3, 768],
    [10, 480],
  ]) {
    const one = resnet20(context.images, outputs, count);
    const columns = defaultBlockSize(50);
    const flops = flopsOf(one.network, outputs);
    const useful = count * (flops.forward + flops.backward + flops.products(columns));
    await withNative(threads, (many) =>
      withNative(1, async (single) => {
        const manyModel = await loaded(many.open(one.network), one);
        const singleModel = await loaded(single.open(one.network), one);
        const Q = block(manyModel.layout.trainableCount, columns);
        await manyModel.sweep(one.features, Q);
        await singleModel.sweep(one.features, Q);
        let peak = 0;
        const comparison = await inTurn(
          [
            {
              name: `peak, ${threads} threads`,
              run: async () => {
                peak = await peakFlops(threads);
                return useful / peak;
              },
            },
            { name: `sweep, ${threads} threads`, run: () => timed(() => manyModel.sweep(one.features, Q)) },
            { name: "sweep, 1 thread", run: () => timed(() => singleModel.sweep(one.features, Q)) },
            { name: `forward, ${threads} threads`, run: () => timed(() => manyModel.forward(one.features)) },
          ],
          { rounds, patience },
        );
        context.keep(`sweep, K = ${outputs}`, { count, columns, useful, ...comparison });
        const giga = (value: number) => (value / 1e9).toFixed(0);
        const share = median(comparison.rounds.map(({ seconds }) => seconds[0] / seconds[1]));
        const parts = [
          `forward ${(flops.forward / 1e9).toFixed(3)}`,
          `K × gradients ${(flops.backward / 1e9).toFixed(3)}`,
          `products ${(flops.products(columns) / 1e9).toFixed(3)}`,
        ].join(", ");
        context.report({
          figure: `sweep against peak, K = ${outputs}, ${threads} threads`,
          bar: atLeast(75),
          stretch: 90,
          measured: 100 * share,
          unit: "%",
          note: `${count} images: ${giga(useful / comparison.seconds[1])} of ${giga(useful / comparison.seconds[0])} GFLOP/s; GFLOP an image: ${parts} (b = ${columns}); forward alone ${giga((count * flops.forward) / comparison.seconds[3])} GFLOP/s`,
        });
        if (threads > 1) {
          context.report({
            figure: `${threads} threads against one, K = ${outputs}`,
            bar: atLeast(1.8),
            stretch: 1.95,
            measured: ratioOf(comparison, 2, 1),
            unit: "×",
            note: `one thread ${giga(useful / comparison.seconds[2])} GFLOP/s`,
          });
        }
      }),
    );
  }
}
