import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JournalState } from "../../../pipeline/journal.js";
import { type JournalSettings, StageJournal } from "../../../pipeline/run/journal.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { encodeArrow, joinChunks } from "../../../schemas/ipc.js";
import { predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { withFolder } from "../../support/folder.js";

const law = suite("journals");

const ports = ["metrics", "predictions"] as const;

function metricsBatch(step: number): RecordBatch {
  const value = [Number.NaN, -0, 5e-324, step / 3];
  return metrics.batch(
    { stage: "train", step, epoch: step / 7, split: "train", name: value.map(() => "loss" as const), value },
    value.length,
  );
}

function predictionsBatch(step: number, rows = 2): RecordBatch {
  const values = Float32Array.from({ length: 3 * rows }, (_, at) => Math.sin(step + at));
  const id = Int32Array.from({ length: rows }, (_, at) => at);
  return predictionsTable(3).batch({ stage: "train", step, epoch: step, split: "test", id, values }, rows);
}

const sentAt = (step: number) =>
  step % 3 === 2
    ? [["predictions", predictionsBatch(step)] as const]
    : [["metrics", metricsBatch(step)] as const, ["predictions", predictionsBatch(step)] as const];

const stateAt = (step: number): JournalState => ({
  facts: { step, nested: { list: [1.5, null, "ü"] } },
  arrays: {
    parameters: Float32Array.from([step, Number.NaN, -0, 1e-42]),
    empty: new Float64Array(0),
    counts: Int32Array.of(step, -1),
  },
});

/** Facts, and types and bytes of arrays. */
const bitsOf = (state: JournalState | undefined) =>
  state && {
    facts: state.facts,
    arrays: Object.entries(state.arrays).map(([name, values]) => {
      const { buffer, byteOffset, byteLength } = values;
      return [name, values.constructor.name, Buffer.from(buffer, byteOffset, byteLength).toString("hex")];
    }),
  };

const bytesOf = async (sent: readonly (readonly [string, RecordBatch])[]) =>
  Promise.all(
    sent.map(async ([port, batch]) => {
      const bytes = joinChunks(await encodeArrow(batch.schema, [batch]));
      return `${port} ${Buffer.from(bytes).toString("base64")}`;
    }),
  );

interface Opened {
  readonly journal: StageJournal;
  readonly replayed: [string, RecordBatch][];
  readonly warnings: string[];
  /** Sends what a step sends and offers its state. */
  step(number: number): Promise<void>;
}

async function opened(folder: string, given: Partial<JournalSettings> = {}): Promise<Opened> {
  const replayed: [string, RecordBatch][] = [];
  const warnings: string[] = [];
  const journal = await StageJournal.open({
    ...{ folder, ports, seconds: 0, signal: new AbortController().signal },
    identity: () => ({ network: "one" }),
    send: async (port, batch) => {
      replayed.push([port, batch]);
    },
    log: (level, message) => {
      if (level === "warning") warnings.push(message);
    },
    ...given,
  });
  const step = async (number: number) => {
    for (const [port, batch] of sentAt(number)) await journal.record(port, batch);
    await journal.keep(() => stateAt(number));
  };
  return { journal, replayed, warnings, step };
}

const upTo = (last: number) => Array.from({ length: last + 1 }, (_, step) => sentAt(step)).flat();

law("what was sent before the last state is sent again, in order, and the state has the same bits", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal");
    for (const from of [0, 3, 6]) {
      const { journal, replayed, step, warnings } = await opened(path);
      assert.equal(bitsOf(journal.restored), from === 0 ? undefined : bitsOf(stateAt(from - 1)));
      assert.equal(await bytesOf(replayed), await bytesOf(upTo(from - 1)));
      for (let number = from; number < from + 3; number += 1) await step(number);
      // Of the next step, which is cut off.
      await journal.record("metrics", metricsBatch(1000));
      assert.equal(warnings, []);
    }
    assert.is(readdirSync(path).length, 3, "batches and the last two states");
  }),
);

law(
  "nothing is written as long as less than the seconds would be lost, but when the run is stopped it is kept",
  () =>
    withFolder(async (folder) => {
      const stop = new AbortController();
      const path = join(folder, "journal");
      const { step } = await opened(path, { seconds: 3600, signal: stop.signal });
      await step(0);
      await step(1);
      assert.not.ok(existsSync(path));
      stop.abort();
      await step(2);
      const again = await opened(path);
      assert.equal(bitsOf(again.journal.restored), bitsOf(stateAt(2)));
      assert.equal(await bytesOf(again.replayed), await bytesOf(upTo(2)));
    }),
);

law(
  "batches beyond what may be held go to the file before they are kept, and come back only when they were",
  () =>
    withFolder(async (folder) => {
      const path = join(folder, "journal");
      const size = () => statSync(join(path, "batches.frames")).size;
      const stop = new AbortController();
      const { journal } = await opened(path, { seconds: 3600, signal: stop.signal });
      const large = predictionsBatch(1, 300_000);
      const bytes = large.data.byteLength;
      for (let count = 0; count < 9; count += 1) {
        await journal.record("predictions", large);
        // Never due.
        await journal.keep(() => stateAt(count));
      }
      assert.ok(size() > 9 * bytes - 2 ** 25, `${size()} bytes are in the file`);
      // Nor when nothing is offered for long.
      const before = size();
      for (let sent = 0; sent < 2 ** 26 + bytes; sent += bytes) await journal.record("predictions", large);
      assert.ok(size() > before + 2 ** 26 - bytes, `${size()} bytes are in the file`);
      const cut = await opened(path);
      assert.is(cut.replayed.length, 0);
      await cut.journal.record("predictions", large);
      await cut.journal.keep(() => stateAt(1));
      const again = await opened(path);
      assert.equal(await bytesOf(again.replayed), await bytesOf([["predictions", large]]));
      assert.equal(bitsOf(again.journal.restored), bitsOf(stateAt(1)));
    }),
);

law(
  "a stop in the middle of a piece of work keeps what was offered before it, and nothing of the piece",
  () =>
    withFolder(async (folder) => {
      const stop = new AbortController();
      const { journal, step } = await opened(folder, { seconds: 3600, signal: stop.signal });
      await step(0);
      await step(1);
      const sent = upTo(1).length;
      await journal.record("metrics", metricsBatch(2));
      stop.abort();
      await journal.keep(() => stateAt(1), sent);
      const again = await opened(folder);
      assert.equal(await bytesOf(again.replayed), await bytesOf(upTo(1)));
      assert.equal(bitsOf(again.journal.restored), bitsOf(stateAt(1)));
    }),
);

law(
  "a file that was cut off or changed anywhere is named, and the state before it or none is gone on from",
  () =>
    withFolder(async (folder) => {
      const whole = join(folder, "whole");
      const { step } = await opened(whole);
      for (let number = 0; number < 4; number += 1) await step(number);
      const files = readdirSync(whole).sort();
      const [, before, last] = files;
      const damage = fc.record({
        file: fc.constantFrom(...files),
        place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        bit: fc.option(fc.integer({ min: 0, max: 7 })),
      });
      await fc.assert(
        fc.asyncProperty(damage, async ({ file, place, bit }) => {
          const path = join(mkdtempSync(join(folder, "damaged-")), "journal");
          cpSync(whole, path, { recursive: true });
          const bytes = readFileSync(join(path, file));
          const at = Math.floor(place * bytes.length);
          if (bit === null) writeFileSync(join(path, file), bytes.subarray(0, at));
          else {
            bytes[at] ^= 1 << bit;
            writeFileSync(join(path, file), bytes);
          }
          const { journal, replayed, warnings, step: go } = await opened(path);
          const found = journal.restored?.facts.step as number | undefined;
          assert.equal(await bytesOf(replayed), await bytesOf(upTo(found ?? -1)), `${file} at ${at}`);
          if (found !== undefined) assert.equal(bitsOf(journal.restored), bitsOf(stateAt(found)));
          if (file === last) assert.is(found, 2);
          if (file === before) assert.is(found, 3, "the one before is not needed");
          else assert.match(warnings.join(), file === last ? last : "batches.frames");
          for (let number = (found ?? -1) + 1; number < 5; number += 1) await go(number);
          const again = await opened(path);
          assert.equal(bitsOf(again.journal.restored), bitsOf(stateAt(4)));
          assert.equal(await bytesOf(again.replayed), await bytesOf(upTo(4)));
          assert.equal(again.warnings, []);
        }),
        { numRuns: 60 },
      );
    }),
);

law("one of other work is refused", () =>
  withFolder(async (folder) => {
    const { step } = await opened(folder);
    await step(0);
    const error = await opened(folder, { identity: () => ({ network: "two" }) }).then(
      () => undefined,
      (thrown: JacoflowError) => thrown,
    );
    assert.is(error?.code, "CHECKPOINT_OF_OTHER_RUN");
    assert.match(error?.message ?? "", "network differ");
  }),
);

law("a disk that takes nothing is a warning, once, and the run goes on", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal");
    writeFileSync(path, "in the way");
    const { step, warnings } = await opened(path);
    for (let number = 0; number < 3; number += 1) await step(number);
    assert.is(warnings.length, 1);
    assert.match(warnings[0], "no more checkpoints are kept, the run goes on");
  }),
);

law.run();
