import { atLeast, largestDifference } from "../bars.js";
import { type Case, firstExamples, loaded, resnet20 } from "../cases.js";
import { type Context, threadChoices, withNative, withPeer } from "../context.js";
import { inTurn, quietMoment, ratioOf, timed } from "../measure.js";
import type { Peer } from "../peer.js";

export interface RowSetting {
  readonly method: string;
  readonly threads: number;
  readonly chunk: number;
  readonly seconds?: number;
  readonly error?: string;
}

/** What PyTorch is tried at; compiled once only, since it takes long to compile and was never near the best. */
export function rowSettings(threads: number): readonly RowSetting[] {
  const eager = ["vmap(jacrev)", "loop over outputs"].flatMap((method) =>
    threadChoices(threads).flatMap((count) =>
      [4, 8, 16, 32].map((chunk) => ({ method, threads: count, chunk })),
    ),
  );
  return [...eager, { method: "vmap(jacrev), compiled", threads: 1, chunk: 16 }];
}

/** PyTorch's settings for rows, the best first. */
export async function tunedRows(context: Context, peer: Peer, one: Case): Promise<readonly RowSetting[]> {
  context.say(`tuning PyTorch's rows, K = ${one.outputs}`);
  await quietMoment(context.patience);
  const { settings } = await peer.call<{ settings: RowSetting[] }>("jacobian.tune", {
    case: one.name,
    settings: rowSettings(context.threads),
    count: 32,
    outputs: one.outputs,
  });
  return settings;
}

/** Rows of J a second against PyTorch's best setting. */
export async function rowsPart(context: Context): Promise<void> {
  const { threads, rounds, patience } = context;
  for (const [outputs, count, chunk] of [
    [3, 192, 48],
    [10, 96, 24],
  ]) {
    const one = resnet20(context.images, outputs, count);
    const figure = `Jacobian rows a second, K = ${outputs}, against PyTorch`;
    await withNative(threads, async (engine) => {
      const model = await loaded(engine.open(one.network), one);
      const ours = async () => {
        for (let first = 0; first < count; first += chunk) {
          const { columns, values } = one.features;
          const part = values.subarray(first * columns, Math.min(count, first + chunk) * columns);
          await model.rows({ rows: part.length / columns, columns, values: part });
        }
      };
      await ours();
      const done = await withPeer(context, one, async (peer) => {
        const settings = await tunedRows(context, peer, one);
        const { method, threads: theirThreads, chunk: theirChunk } = settings[0];
        const theirs = { case: one.name, method, threads: theirThreads, chunk: theirChunk, count, outputs };
        const check = await peer.call<{ rows: number[] }>("jacobian.rows", { ...theirs, check: true });
        const own = await model.rows(firstExamples(one, 2));
        const comparison = await inTurn(
          [
            { name: "native", run: () => timed(ours) },
            {
              name: "PyTorch",
              run: async () => (await peer.call<{ seconds: number }>("jacobian.rows", theirs)).seconds,
            },
          ],
          { rounds, patience },
        );
        context.keep(figure, { count, settings, ...comparison });
        const each = comparison.seconds.map((seconds) => (1000 * seconds) / count);
        context.report({
          figure,
          bar: atLeast(1.2),
          stretch: 1.4,
          measured: ratioOf(comparison, 1, 0),
          unit: "×",
          agreement: {
            difference: largestDifference(own.values, check.rows),
            tolerance: 1e-3,
            what: "rows of two images, of the largest entry",
          },
          note: `${each[0].toFixed(2)} against ${each[1].toFixed(2)} ms an image; PyTorch's best: ${method}, chunk ${theirChunk}, threads ${theirThreads}`,
        });
        return true;
      });
      if (done === undefined) {
        const seconds = await timed(ours);
        context.report({
          figure,
          bar: atLeast(1.2),
          stretch: 1.4,
          measured: undefined,
          unit: "×",
          note: `${context.peer as string}; ours alone ${((1000 * seconds) / count).toFixed(2)} ms an image`,
        });
      }
    });
  }
}
