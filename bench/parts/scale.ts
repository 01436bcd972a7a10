import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerOf } from "../answer.js";
import { atMost } from "../bars.js";
import type { Context } from "../context.js";
import { inTurn, quietMoment } from "../measure.js";

interface Answer {
  readonly seconds: number;
  readonly sweeps: number;
  readonly peakBytes: number;
  readonly beforeBytes: number;
  readonly exampleBytes: number;
  readonly estimatedBytes: number;
}

const script = join(dirname(fileURLToPath(import.meta.url)), "../spectrumProcess.ts");

/** Memory of a top-50 spectrum at n = 10,000 against the bar and the estimate, and time from n = 1,000 to 10,000. */
export async function scalePart(context: Context): Promise<void> {
  const outputs = 3;
  await quietMoment(context.patience);
  const large = await spectrum(context, outputs, 10_000, 0);
  const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(2);
  context.keep("memory", large);
  context.report({
    figure: `peak memory of a top-50 spectrum, n = 10,000, K = ${outputs}`,
    bar: atMost(2),
    measured: large.peakBytes / 1e9,
    unit: "GB",
    note: `the whole process; ${gigabytes(large.beforeBytes)} GB before the spectrum; ${large.sweeps} sweeps in ${large.seconds.toFixed(0)} s`,
  });
  // The estimate counts the examples, which are in memory before.
  const taken = large.peakBytes - large.beforeBytes + large.exampleBytes;
  context.report({
    figure: "memory taken against the estimate: apart by",
    bar: atMost(20),
    measured: 100 * Math.abs(taken / large.estimatedBytes - 1),
    unit: "%",
    note: `taken ${gigabytes(taken)} GB, estimated ${gigabytes(large.estimatedBytes)} GB`,
  });
  const sweeps = 4;
  const comparison = await inTurn(
    [1000, 10_000].map((count) => ({
      name: `n = ${count}`,
      run: async () => (await spectrum(context, outputs, count, sweeps)).seconds,
    })),
    { rounds: Math.min(3, context.rounds), patience: context.patience },
  );
  context.keep("linear", { sweeps, ...comparison });
  const [small, big] = comparison.seconds;
  context.report({
    figure: "time of n = 10,000 against ten times n = 1,000: above it by",
    bar: atMost(10),
    measured: Math.max(0, 100 * (big / (10 * small) - 1)),
    unit: "%",
    note: `${sweeps} sweeps and all around them: ${small.toFixed(1)} s and ${big.toFixed(1)} s, a ratio of ${(big / small).toFixed(2)}`,
  });
}

function spectrum(context: Context, outputs: number, count: number, sweeps: number): Promise<Answer> {
  return answerOf(script, [context.imageFolder ?? "", outputs, count, sweeps]);
}
