import type { RecordBatch } from "apache-arrow";
import { memoryOf } from "../memory.js";
import { failed, type Law } from "./law.js";

/** Batches are shared with every other reader, so nobody writes to one: neither who reads it nor who has sent it. */
export const batchesKept: Law = async (bench) => {
  const sent: { readonly port: string; readonly batch: RecordBatch; readonly before: string }[] = [];
  const outcome = await bench.run({
    onSend: (port, batch) => {
      sent.push({ port, batch, before: memoryOf(batch) });
    },
  });
  for (const [port, offers] of Object.entries(bench.inputs)) {
    const written = offers.flat().some((batch) => memoryOf(batch) !== bench.memory.get(batch));
    if (written) return `it wrote into a batch that it read on ${port}`;
  }
  const rewritten = sent.find(({ batch, before }) => memoryOf(batch) !== before);
  return rewritten === undefined
    ? failed(outcome)
    : `it wrote into a batch after sending it on ${rewritten.port}`;
};
