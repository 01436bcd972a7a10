import { computeSpectrum } from "../../engine/spectrum/spectrum.js";
import { atLeast, atMost, largestRelativeDifference } from "../bars.js";
import { loaded, resnet20 } from "../cases.js";
import { type Context, withNative } from "../context.js";
import { spectrumOptions } from "./spectrum.js";

const outputs = 3;
const count = 512;
const batch = 64;
const learningRate = 0.003;
/** Too little to hold the rows of J (1.6 GB) instead of sweeping over them. */
const memoryLimit = 1.2e9;
/** Epochs after which a snapshot is taken: early ones apart, late ones one epoch apart. */
const snapshots = [0, 2, 10, 30, 31, 32];

/** Sweeps of a spectrum started from the one before against one started from random columns, at the same tolerance. */
export async function warmPart(context: Context): Promise<void> {
  const one = resnet20(context.images, outputs, count);
  const batches = Array.from({ length: count / batch }, (_, part) =>
    Int32Array.from({ length: batch }, (_unused, index) => part * batch + index),
  );
  await withNative(context.threads, async (engine) => {
    const model = await loaded(engine.open(one.network), one);
    const training = await model.train({
      loss: "squared",
      optimizer: { kind: "sgd" },
      features: one.features,
      labels: one.labels,
    });
    const options = { ...spectrumOptions(engine, "block-krylov"), tolerance: 1e-4, memoryLimit };
    const spectrum = (start?: Awaited<ReturnType<typeof computeSpectrum>>) =>
      computeSpectrum(model, engine.algebra, one.features, {
        ...options,
        ...(start?.rightBlock === undefined ? {} : { start: start.rightBlock }),
      });
    const pairs: { from: number; to: number; cold: number; warm: number; difference: number }[] = [];
    let last: Awaited<ReturnType<typeof computeSpectrum>> | undefined;
    let epoch = 0;
    for (const at of snapshots) {
      for (; epoch < at; epoch += 1) {
        for (const indices of batches) await training.step(indices, learningRate, "moving");
      }
      await model.load(await training.parameters());
      const cold = await spectrum();
      if (last !== undefined) {
        const warm = await spectrum(last);
        const difference = largestRelativeDifference(warm.singularValues, cold.singularValues);
        pairs.push({
          from: snapshots[pairs.length],
          to: at,
          cold: cold.sweeps,
          warm: warm.sweeps,
          difference,
        });
      }
      last = cold;
    }
    await training.close();
    context.keep("warm", pairs);
    const agreement = {
      difference: Math.max(...pairs.map(({ difference }) => difference)),
      tolerance: 1e-3,
      what: "values warm against cold",
    };
    const note = pairs
      .map(({ from, to, cold, warm }) => `epoch ${from} → ${to}: ${cold} → ${warm}`)
      .join(", ");
    context.report({
      figure: "warm start, every pair of snapshots: sweeps saved at least",
      bar: atLeast(1),
      measured: Math.min(...pairs.map(({ cold, warm }) => cold - warm)),
      unit: "sweeps",
      agreement,
      note,
    });
    const late = pairs.filter(({ from, to }) => to - from === 1);
    context.report({
      figure: "warm start one epoch apart late in training: share of the sweeps",
      bar: atMost(50),
      measured: Math.max(...late.map(({ cold, warm }) => (100 * warm) / cold)),
      unit: "%",
      agreement,
      note: "",
    });
  });
}
