import { type Agreement, largestDifference } from "../bars.js";
import { type Case, firstExamples, loaded, mlp, resnet20 } from "../cases.js";
import { type Context, withNative, withPeer } from "../context.js";
import { median, quietMoment, timed } from "../measure.js";

interface Rival {
  readonly what: string;
  readonly one: Case;
  /** Examples of the rival: it takes seconds for each. */
  readonly count: number;
  readonly call: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly note: string;
}

/** What JavaScript offers today for the rows of J: jax-js, and TensorFlow.js as it comes. */
export async function rivalsPart(context: Context): Promise<void> {
  const outputs = 3;
  const resnet = resnet20(context.images, outputs, 48);
  const rivals: readonly Rival[] = [
    {
      what: "jax-js on WebAssembly",
      one: resnet,
      count: 2,
      call: "jaxjs.rows",
      options: {},
      note: "jit(grad), an example and an output at a time",
    },
    {
      what: "plain TensorFlow.js on cpu",
      one: resnet,
      count: 1,
      call: "tfjs.rows",
      options: { backend: "cpu" },
      note: "its WebAssembly backend has no gradient of a convolution's filter",
    },
    {
      what: "plain TensorFlow.js on WebAssembly",
      one: mlp([128, 64], 784, outputs, 64),
      count: 64,
      call: "tfjs.rows",
      options: { backend: "wasm" },
      note: "an example and an output at a time",
    },
  ];
  for (const rival of rivals) await against(context, rival, outputs);
}

async function against(context: Context, rival: Rival, outputs: number): Promise<void> {
  const { what, one, count, call, options } = rival;
  const figure = `Jacobian rows a second, ${one.name}, against ${what}`;
  await withNative(context.threads, async (engine) => {
    const model = await loaded(engine.open(one.network), one);
    const first = await model.rows(firstExamples(one, 1));
    const ours: number[] = [];
    await model.rows(one.features);
    for (let round = 0; round < context.rounds; round += 1) {
      ours.push((await timed(() => model.rows(one.features))) / one.features.rows);
    }
    const done = await withPeer(
      context,
      one,
      async (peer) => {
        context.say(`${what}, ${one.name}`);
        await quietMoment(context.patience);
        const request = { case: one.name, ...options, count, outputs, check: true };
        const { seconds, row } = await peer.call<{ seconds: number; row: number[] }>(call, request);
        const agreement: Agreement = {
          difference: largestDifference(row, first.values.subarray(0, model.layout.trainableCount)),
          tolerance: 1e-3,
          what: "a row, of the largest entry",
        };
        const each = [median(ours), seconds / count];
        context.keep(figure, { ours, count, seconds });
        context.report({
          figure,
          measured: each[1] / each[0],
          unit: "×",
          agreement,
          note: `${each.map((one) => (1000 * one).toPrecision(3)).join(" against ")} ms an example (theirs: one run of ${count}); ${rival.note}`,
        });
        return true;
      },
      "javascript",
    );
    if (done === undefined) {
      context.report({ figure, measured: undefined, unit: "×", note: context.javascript as string });
    }
  });
}
