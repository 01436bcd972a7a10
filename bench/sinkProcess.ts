// Rows through one sink in a process of its own: `node sinkProcess.ts ours|hand SINK ROWS BATCH FOLDER`. Prints one JSON line.
import { byHand } from "./sinks/byHand.js";
import { watchMemory } from "./sinks/memory.js";
import { ours } from "./sinks/ours.js";
import { metricBatches } from "./sinks/rows.js";

const [side, sink, rows, size, folder] = process.argv.slice(2);
const keep = (side === "ours" ? ours : byHand)[sink];
if (keep === undefined) throw new Error(`no sink "${sink}" (${side})`);
const count = Number(rows);

/**
 * Batches are made before the clock starts, but for those of few rows, which are kilobytes each whatever is in them, and those
 * for listeners, whom nobody waits for and who are let go when they fall 16 MB behind.
 */
const fewRows = 100;
const made = metricBatches(count, Number(size));
const rowsToSend = Number(size) < fewRows || sink === "arrow http" ? made : [...made];

const memory = watchMemory();
let early = memory.before;
function* watched() {
  let sent = 0;
  for (const batch of rowsToSend) {
    yield batch;
    sent += batch.numRows;
    if (sent <= count / 5) early = memory.peak();
  }
}
const before = process.cpuUsage();
const start = performance.now();
await keep({ folder, batches: watched() });
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(before);
memory.stop();
process.stdout.write(
  `${JSON.stringify({
    seconds,
    cpuSeconds: (user + system) / 1e6,
    beforeBytes: memory.before,
    earlyBytes: early,
    peakBytes: memory.peak(),
  })}\n`,
);
process.exit();
