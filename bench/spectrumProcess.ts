// A spectrum in a process of its own, for what it takes of memory: `node spectrumProcess.ts IMAGES K N SWEEPS`
// (IMAGES may be empty, SWEEPS 0 for the tolerance). Prints one JSON line.
import { availableParallelism } from "node:os";
import { computeSpectrum, planFor } from "../engine/spectrum/spectrum.js";
import { imageSource, loaded, resnet20 } from "./cases.js";
import { withNative } from "./context.js";
import { spectrumOptions } from "./parts/spectrum.js";

const [folder, outputs, count, sweeps] = process.argv.slice(2);
const { images } = imageSource(folder === "" ? undefined : folder);
const one = resnet20(images, Number(outputs), Number(count));
const fixed = Number(sweeps);

await withNative(availableParallelism(), async (engine) => {
  const model = await loaded(engine.open(one.network), one);
  const options = {
    ...spectrumOptions(engine, "block-krylov"),
    ...(fixed > 0 ? { maxSweeps: fixed, tolerance: 1e-12 } : { tolerance: 1e-4 }),
    memoryLimit: 2e9,
  };
  const plan = planFor(model, one.features.rows, options);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const found = await computeSpectrum(model, engine.algebra, one.features, options);
  const seconds = (performance.now() - start) / 1000;
  const answer = {
    seconds,
    sweeps: found.sweeps,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    beforeBytes: before,
    exampleBytes: one.features.values.byteLength,
    estimatedBytes: plan.memoryBytes,
    route: plan.route,
    largest: found.singularValues[0],
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
