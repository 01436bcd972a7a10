import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import type { JournalState } from "../../pipeline/journal.js";
import { StageJournal } from "../../pipeline/run/journal.js";
import { basis } from "../../schemas/tables/spectrum.js";
import { usualSeconds } from "../../stages/checkpointSeconds.js";
import { snapshotWriter } from "../../stages/snapshot.js";
import { atMost } from "../bars.js";
import { type Case, resnet20 } from "../cases.js";
import type { Context } from "../context.js";
import { median } from "../measure.js";

const classes = 3;
const rank = 50;
/** Columns of a block to start from: the rank and its guards. */
const columns = 75;
/** Examples of a basis. */
const examples = 10_000;

interface Kept {
  readonly name: string;
  readonly batch: RecordBatch;
  readonly state: JournalState;
}

/**
 * What one checkpoint takes, as a share of the seconds that are between two of them, and how much of it is the waiting for the
 * disk (fsync): a training of ResNet20 by Adam with a snapshot, and a spectrum's bases and block on 10,000 examples.
 */
export async function checkpointsPart(context: Context): Promise<void> {
  for (const kept of [training(resnet20(context.images, classes, 1)), spectrum(context)]) {
    const durable = await secondsOf(context, kept);
    const waiting = await withoutSync(() => secondsOf(context, kept));
    context.keep(kept.name, { ...durable, withoutSync: waiting });
    const share = (100 * durable.median) / usualSeconds;
    context.report({
      figure: `a checkpoint of ${kept.name}, of the ${usualSeconds} s between two`,
      bar: atMost(2),
      measured: share,
      unit: "%",
      note: `${milliseconds(durable.median)} for ${(durable.bytes / 1e6).toFixed(1)} MB, ${milliseconds(waiting.median)} without waiting for the disk`,
    });
  }
}

const milliseconds = (seconds: number) => `${(1000 * seconds).toFixed(1)} ms`;

function training({ network, parameters }: Case): Kept {
  const { layout, batch } = snapshotWriter(network);
  const moment = () => new Float32Array(layout.trainableCount).fill(0.1);
  return {
    name: "ResNet20 by Adam with a snapshot",
    batch: batch(1, 1, parameters),
    state: { facts: { step: 1 }, arrays: { parameters, first: moment(), second: moment() } },
  };
}

function spectrum(context: Context): Kept {
  const { parameters } = resnet20(context.images, classes, 1);
  const length = examples * classes;
  const idOffsets = new Int32Array(rank + 1).fill(examples);
  idOffsets[0] = 0;
  const batch = basis.batch(
    {
      ...{ stage: "svd", jacobian_step: 0, epoch: 0, split: "train" },
      index: Int32Array.from({ length: rank }, (_, index) => index + 1),
      left: {
        values: new Float32Array(rank * length).fill(0.1),
        offsets: Int32Array.from({ length: rank + 1 }, (_, row) => row * length),
      },
      ids: { values: new Int32Array(examples), offsets: idOffsets },
      singular_value: new Float64Array(rank),
      next_singular_value: new Float64Array(rank),
      energy_share: new Float64Array(rank),
    },
    rank,
  );
  const block = new Float32Array(parameters.length * columns).fill(0.1);
  return {
    name: `a spectrum of ${examples} examples with its basis and block`,
    batch,
    state: { facts: { finished: 1 }, arrays: { train: block } },
  };
}

async function secondsOf({ folder, rounds }: Context, { batch, state }: Kept) {
  const path = join(folder, "journal");
  const seconds: number[] = [];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    await rm(path, { recursive: true, force: true });
    const journal = await StageJournal.open({
      ...{ folder: path, ports: ["out"], seconds: 0, signal: new AbortController().signal },
      ...{ identity: () => ({}), send: async () => undefined, log: () => undefined },
    });
    const start = performance.now();
    await journal.record("out", batch);
    await journal.keep(() => state);
    seconds.push((performance.now() - start) / 1000);
    bytes =
      batch.data.byteLength + Object.values(state.arrays).reduce((sum, values) => sum + values.byteLength, 0);
  }
  return { median: median(seconds), seconds, bytes };
}

/** Does the work while no file waits for the disk. */
async function withoutSync<Result>(work: () => Promise<Result>): Promise<Result> {
  const probe = await open(process.execPath);
  const prototype = Object.getPrototypeOf(probe) as { sync: unknown; datasync: unknown };
  await probe.close();
  const { sync, datasync } = prototype;
  const atOnce = async () => undefined;
  try {
    Object.assign(prototype, { sync: atOnce, datasync: atOnce });
    return await work();
  } finally {
    Object.assign(prototype, { sync, datasync });
  }
}
