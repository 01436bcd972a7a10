import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Matrix, Matrix64 } from "../../../engine/engine.js";
import type { KrylovState } from "../../../engine/spectrum/krylovState.js";
import { sharedMatrix } from "../../../engine/spectrum/products.js";
import { StageJournal } from "../../../pipeline/run/journal.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { spectrumCheckpoint } from "../../../stages/jacobian/checkpoint.js";
import { diskFiles } from "../../../stages/sinks/files.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";
import type { Sample } from "../sample.js";

const filesIn = (folder: string): Sample =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );

const change: Reader["mutate"] = (sample, random) => {
  const name = pick(random, Object.keys(sample));
  return { ...sample, [name]: mutated(sample[name], random, Object.values(sample)) };
};

const settingsOf = (folder: string, send: (value: number) => void, warn: (message: string) => void) => ({
  folder,
  ports: ["metrics"],
  seconds: 0,
  identity: () => ({ network: "one", examples: "two" }),
  signal: new AbortController().signal,
  send: async (_port: string, batch: Parameters<typeof metrics.read>[0]) =>
    send(metrics.read(batch).value[0]),
  log: (level: string, message: string) => {
    if (level === "warning") warn(message);
  },
});

const valueAt = (step: number) =>
  metrics.batch(
    {
      stage: "train",
      step: BigInt64Array.of(BigInt(step)),
      epoch: step,
      split: "train",
      name: "loss",
      value: Float64Array.of(step),
    },
    1,
  );

/** The journal of a stage: what it goes on from is a state that was kept, or nothing. */
export const journalReader: Reader = {
  name: "journal",
  corpus: async (folder) => {
    const path = join(folder, "journal");
    const journal = await StageJournal.open(
      settingsOf(
        path,
        () => undefined,
        () => undefined,
      ),
    );
    for (const step of [1, 2, 3]) {
      await journal.record("metrics", valueAt(step));
      await journal.keep(() => ({
        facts: { step, order: [step] },
        arrays: { moments: Float32Array.of(step, -step) },
      }));
    }
    return [filesIn(path)];
  },
  mutate: change,
  read: async (folder) => {
    const sent: number[] = [];
    const warnings: string[] = [];
    const { restored } = await StageJournal.open(
      settingsOf(
        folder,
        (value) => sent.push(value),
        (message) => warnings.push(message),
      ),
    );
    const step = restored === undefined ? 0 : Number(restored.facts.step);
    const whole =
      restored === undefined ||
      (step > 1 && step < 4 && restored.arrays.moments.join() === `${step},${-step}`);
    if (!whole) return `it goes on from ${JSON.stringify(restored)}`;
    if (sent.join() !== Array.from({ length: step }, (_, at) => at + 1).join())
      return `sent again: ${sent.join()}`;
    if (step < 3 && warnings.length === 0) return `it goes on from step ${step} without a word`;
    return warnings.length > 0 ? { code: "WARNED" } : undefined;
  },
};

const matrix = (rows: number, columns: number, of: (at: number) => number): Matrix => {
  const made = sharedMatrix(rows, columns);
  for (let at = 0; at < made.values.length; at += 1) made.values[at] = of(at);
  return made;
};
const square = (size: number): Matrix64 => ({
  rows: size,
  columns: size,
  values: Float64Array.from({ length: size * size }, (_, at) => 1 / (at + 1)),
});
const state: KrylovState = {
  blocks: [matrix(5, 2, Math.sin)],
  next: matrix(5, 2, Math.cos),
  products: [matrix(6, 2, Math.sqrt)],
  gram: square(2),
  squaredNorms: [2, 3],
  skipped: [{ offset: 0, gram: square(1) }],
  unconfirmed: false,
  leastSweeps: 2,
  drawn: 7,
};

const checkpointIn = (folder: string, warn: (message: string) => void) =>
  spectrumCheckpoint({
    folder,
    identity: async () => ({ network: "one", examples: "two" }),
    seconds: -1,
    files: diskFiles,
    times: [],
    warn,
    resumed: () => undefined,
  });

const textOfState = (value: unknown) =>
  JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? [...(part as Float32Array)] : part));

/** The Krylov state of a spectrum: what is restored is what was kept, or nothing. */
export const krylovReader: Reader = {
  name: "Krylov state",
  corpus: async (folder) => {
    const path = join(folder, "krylov");
    await checkpointIn(path, () => undefined).keep(state);
    return [filesIn(path)];
  },
  mutate: change,
  read: async (folder) => {
    const warnings: string[] = [];
    const restored = await checkpointIn(folder, (message) => warnings.push(message)).restore();
    if (restored === undefined)
      return warnings.length > 0 ? { code: "WARNED" } : "nothing restored without a word";
    return textOfState(restored) === textOfState(state) ? undefined : "another state than was kept";
  },
};
