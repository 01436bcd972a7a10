import type { RecordBatch } from "apache-arrow";
import { remade, TooLate } from "../bench.js";
import { failed, type Law, soon } from "./law.js";

export const bounded: Law = async (bench) => {
  const waiting = new Map<string, number>();
  let most: string | undefined;
  const onSend = async (port: string) => {
    const count = (waiting.get(port) ?? 0) + 1;
    waiting.set(port, count);
    if (count > 1) most ??= port;
    await soon(2);
    waiting.set(port, (waiting.get(port) as number) - 1);
  };
  const slow = await bench.run({ onSend });
  if (most !== undefined) return `${most} sent a batch while the last one waited for its reader`;
  const left = [...waiting].find(([, count]) => count > 0);
  if (left !== undefined) return `it ended while a batch on ${left[0]} waited for its reader`;
  return failed(slow);
};

/** An input ends only when all others are read: what a producer of both does whose edges are full. */
export const readsTogether: Law = async (bench) => {
  let left = bench.streams.reduce((count, name) => count + bench.inputs[name].length, 0);
  if (left < 2) return undefined;
  let release: () => void = () => undefined;
  const everyOne = new Promise<void>((resolve) => {
    release = resolve;
  });
  const inputs = remade(bench, async function* (batches: readonly RecordBatch[]) {
    yield* batches;
    left -= 1;
    if (left === 0) release();
    await everyOne;
  });
  try {
    return failed(await bench.run({ inputs, capacity: 1 }));
  } catch (error) {
    if (!(error instanceof TooLate)) throw error;
    return "it waits for one input and leaves another unread";
  }
};
