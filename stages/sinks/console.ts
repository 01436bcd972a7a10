import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { defineStage, many, stream } from "../../pipeline/stage.js";
import { consoleLines } from "./console/lines.js";
import { standardOutput, type Target } from "./target.js";

/** The console sink with a place to write to. Its rows are data, so they go to stdout and not among the talk. */
export function consoleSink(open: () => Target) {
  return defineStage({
    name: "sink/console",
    summary: "Prints a line for every evaluation, spectrum and projection on stdout.",
    options: Type.Object({}, { additionalProperties: false }),
    inputs: { tables: many(stream("any", "what to print")) },
    outputs: {},
    plan: () => ({ memoryBytes: 0, work: { flops: 0, seconds: 0 } }),
    async run({ tables }) {
      const target = open();
      const ended = tables.map((input) => {
        const print = async (batch: RecordBatch) => {
          const lines = consoleLines(input.origin, batch);
          if (lines.length > 0) await target.write(`${lines.join("\n")}\n`);
        };
        return input.forEach(print);
      });
      try {
        await Promise.all(ended);
      } finally {
        await target.close();
      }
    },
  });
}

export const console = consoleSink(standardOutput);
