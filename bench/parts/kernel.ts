import { largestDifference } from "../bars.js";
import { loaded, mlp } from "../cases.js";
import { type Context, withNative, withPeer } from "../context.js";
import { inTurn, ratioOf, timed } from "../measure.js";

/** The empirical neural tangent kernel J Jᵀ of a small network against JAX. */
export async function kernelPart(context: Context): Promise<void> {
  const [count, outputs] = [64, 10];
  const one = mlp([256, 256], 784, outputs, count);
  const figure = "empirical NTK, MLP 784-256-256-10, n = 64, against JAX";
  await withNative(context.threads, async (engine) => {
    const model = await loaded(engine.open(one.network), one);
    const gram = await model.gram(one.features);
    const done = await withPeer(context, one, async (peer) => {
      const theirs = { case: one.name, count, outputs };
      const check = await peer.call<{ row: number[] }>("kernel.gram", theirs);
      const comparison = await inTurn(
        [
          { name: "native", run: () => timed(() => model.gram(one.features)) },
          {
            name: "JAX",
            run: async () => (await peer.call<{ seconds: number }>("kernel.gram", theirs)).seconds,
          },
        ],
        context,
      );
      context.keep("kernel", comparison);
      context.report({
        figure,
        measured: ratioOf(comparison, 1, 0),
        unit: "×",
        agreement: {
          difference: largestDifference(gram.values.subarray(0, count * outputs), check.row),
          tolerance: 1e-4,
          what: "the first row of the kernel",
        },
        note: `${comparison.seconds.map((seconds) => `${(1000 * seconds).toFixed(0)} ms`).join(" against ")}; ours in float64 sums, JAX's compiled jacrev and float32`,
      });
      return true;
    });
    if (done === undefined) {
      context.report({ figure, measured: undefined, unit: "×", note: context.peer as string });
    }
  });
}
