import { atLeast, largestRelativeDifference } from "../bars.js";
import { loaded, resnet20 } from "../cases.js";
import { type Context, threadChoices, withNative, withPeer } from "../context.js";
import { inTurn, quietMoment, ratioOf, timed } from "../measure.js";

interface Setting {
  readonly compiled: boolean;
  readonly threads: number;
  readonly channels_last: boolean;
  readonly seconds?: number;
  readonly error?: string;
}

const batch = 128;
const learningRate = 0.002;
const stepsOfRound = 4;

/** A training step of 128 images against PyTorch, eager and compiled. */
export async function trainingPart(context: Context): Promise<void> {
  const { threads, rounds, patience } = context;
  const one = resnet20(context.images, 10, batch);
  const indices = Int32Array.from({ length: batch }, (_, index) => index);
  await withNative(threads, async (engine) => {
    const model = await loaded(engine.open(one.network), one);
    const open = () =>
      model.train({
        loss: "squared",
        optimizer: { kind: "sgd" },
        features: one.features,
        labels: one.labels,
      });
    const training = await open();
    const losses: number[] = [];
    for (let step = 0; step < 5; step += 1) losses.push(await training.step(indices, learningRate, "moving"));
    const ours = async () => {
      for (let step = 0; step < stepsOfRound; step += 1) await training.step(indices, learningRate, "moving");
    };
    const figure = (kind: string) => `training step, batch ${batch}, against PyTorch ${kind}`;
    const done = await withPeer(context, one, async (peer) => {
      context.say("tuning PyTorch's training steps");
      await quietMoment(patience);
      const { settings } = await peer.call<{ settings: Setting[] }>("training.tune", {
        case: one.name,
        threads: threadChoices(threads),
        batch,
        outputs: 10,
        learning_rate: learningRate,
      });
      context.keep("training settings", settings);
      for (const compiled of [false, true]) {
        const kind = compiled ? "compiled" : "eager";
        const best = settings.find((setting) => setting.compiled === compiled);
        if (best?.seconds === undefined) {
          context.report({
            figure: figure(kind),
            bar: atLeast(1.05),
            stretch: 1.3,
            measured: undefined,
            unit: "×",
            note: best?.error ?? "",
          });
          continue;
        }
        const theirs = {
          case: one.name,
          threads: best.threads,
          compiled,
          channels_last: best.channels_last,
          batch,
          outputs: 10,
          count: stepsOfRound,
          learning_rate: learningRate,
        };
        const { losses: their } = await peer.call<{ losses: number[] }>("training.steps", theirs);
        const comparison = await inTurn(
          [
            { name: "native", run: () => timed(ours) },
            {
              name: `PyTorch ${kind}`,
              run: async () => (await peer.call<{ seconds: number }>("training.steps", theirs)).seconds,
            },
          ],
          { rounds, patience },
        );
        context.keep(figure(kind), comparison);
        const each = comparison.seconds.map((seconds) => ((1000 * seconds) / stepsOfRound).toFixed(0));
        context.report({
          figure: figure(kind),
          bar: atLeast(1.05),
          stretch: 1.3,
          measured: ratioOf(comparison, 1, 0),
          unit: "×",
          agreement: {
            difference: largestRelativeDifference(losses, their),
            tolerance: 1e-3,
            what: "losses of the first five steps",
          },
          note: `${each[0]} against ${each[1]} ms a step; PyTorch's best: threads ${best.threads}, channels_last ${best.channels_last}`,
        });
      }
      return true;
    });
    if (done === undefined) {
      const seconds = await timed(ours);
      for (const kind of ["eager", "compiled"]) {
        context.report({
          figure: figure(kind),
          bar: atLeast(1.05),
          stretch: 1.3,
          measured: undefined,
          unit: "×",
          note: `${context.peer as string}; ours alone ${((1000 * seconds) / stepsOfRound).toFixed(0)} ms a step`,
        });
      }
    }
    await training.close();
  });
}
