import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { heldBytesOf } from "../../schemas/held.js";
import { ArrowStream } from "../../schemas/ipc.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { collectGarbage } from "../support/garbage.js";

const test = suite("schemas/held");

async function bytesInUse(): Promise<number> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const batch = (step: number): RecordBatch =>
  metrics.batch({ stage: "train", step, epoch: step, split: "train", name: "loss", value: 0 }, 1);

test("what a held batch of one row is said to take is what it takes", async () => {
  batch(0);
  const before = await bytesInUse();
  const held = Array.from({ length: 4000 }, (_, step) => batch(step));
  const ratio = held.reduce((sum, one) => sum + heldBytesOf(one), 0) / ((await bytesInUse()) - before);
  assert.ok(ratio > 0.5 && ratio < 2, `${ratio}`);
});

test("an Arrow stream holds nothing of the batches that went through it", async () => {
  const stream = new ArrowStream(metrics.schema);
  const one = batch(0);
  const encode = (count: number) => {
    for (let at = 0; at < count; at += 1) stream.encode(one);
  };
  encode(2000);
  const before = await bytesInUse();
  encode(20_000);
  const grown = (await bytesInUse()) - before;
  assert.ok(grown < 1_000_000, `${grown} bytes`);
});

test.run();
