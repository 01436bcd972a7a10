import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { defineStage, many, stream } from "../../pipeline/stage.js";
import { consoleLines } from "./console/lines.js";

/** Writes text and resolves when there is room for more. */
export type WriteText = (text: string) => Promise<void>;

/** The console sink with a place to write to. Its rows are data, so they go to stdout and not among the talk. */
export function consoleSink(write: WriteText) {
  return defineStage({
    name: "sink/console",
    summary: "Prints a line for every evaluation, spectrum and projection on stdout.",
    options: Type.Object({}, { additionalProperties: false }),
    inputs: { tables: many(stream("any", "what to print")) },
    outputs: {},
    plan: () => ({ memoryBytes: 0, work: { flops: 0, seconds: 0 } }),
    async run({ tables }) {
      const ended = tables.map((input) => {
        const print = async (batch: RecordBatch) => {
          const lines = consoleLines(input.origin, batch);
          if (lines.length > 0) await write(`${lines.join("\n")}\n`);
        };
        return input.forEach(print);
      });
      await Promise.all(ended);
    },
  });
}

/** Waits for a slow reader, so that lines do not pile up in memory; a pipe that was closed ends the run. */
function writeToStandardOutput(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

export const console = consoleSink(writeToStandardOutput);
