import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { defineStage, lossless, many, stream } from "../../pipeline/stage.js";
import { reportFile } from "../../schemas/document.js";
import { diskFiles, type FileSystem, writeFileAtomically } from "./files.js";
import { planGathered } from "./plan.js";
import { isReported, TableGatherer } from "./report/gatherer.js";
import { renderInThread } from "./report/renderWorker.js";
import type { RunFacts, RunTables } from "./report/tables.js";

/** Class names of an examples batch; undefined when it names none. */
function classesOf(batch: RecordBatch): readonly string[] | undefined {
  const text = batch.schema.metadata.get("classes");
  const names: unknown = text === undefined ? undefined : JSON.parse(text);
  return Array.isArray(names) ? names.map(String) : undefined;
}

/** Makes the page of a report. */
type Render = (tables: RunTables, run: RunFacts) => string | Promise<string>;

/** The report sink on a file system. */
export function reportSink(files: FileSystem, render: Render = renderInThread) {
  return defineStage({
    name: "sink/report",
    summary: "Writes report.html into the run folder: what the tables say, in words, tables and charts.",
    options: Type.Object({}, { additionalProperties: false }),
    inputs: { tables: lossless(many(stream("any", "what to report on"))) },
    outputs: {},
    plan: (_options, context) => planGathered(context, isReported),
    async run({ tables }, _outputs, context) {
      const gatherer = new TableGatherer();
      let classes: readonly string[] | undefined;
      const ended = tables.map((input) => {
        const { table } = input.origin;
        const gather = (batch: RecordBatch) => {
          if (isReported(table)) gatherer.add(table, batch);
          if (table === "examples") classes ??= classesOf(batch);
        };
        return input.forEach(gather);
      });
      const results = await Promise.allSettled(ended);
      const failed = results.find((result) => result.status === "rejected");
      const page = await render(gatherer.tables, {
        name: context.run.name,
        seed: context.run.seed,
        file: context.run.file,
        ...(classes === undefined ? {} : { classes }),
        complete: failed === undefined && !context.run.stopping.aborted,
      });
      const path = join(context.runFolder, reportFile);
      await writeFileAtomically(path, page, files);
      context.log("info", `report: ${path}`);
      if (failed !== undefined) throw failed.reason;
    },
  });
}

export const report = reportSink(diskFiles);
