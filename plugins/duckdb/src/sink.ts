import { join } from "node:path";
import { defineStage, emptySchemas, lossless, many, stream } from "jacoflow";
import { Type } from "typebox";
import { GrowingDatabase } from "./database.js";
import { claimFile } from "./shown.js";

const options = Type.Object(
  {
    file: Type.String({
      pattern: "^[^/\\\\]+$",
      default: "run.duckdb",
      description: "name of the database in the run folder",
    }),
    showEvery: Type.Number({
      exclusiveMinimum: 0,
      maximum: 86_400,
      default: 10,
      description: "seconds after which, when rows came, the file is replaced by one that has them",
    }),
  },
  { additionalProperties: false },
);

export const duckdb = defineStage({
  name: "sink/duckdb",
  summary: "Keeps tables in a DuckDB database of the run folder that can be queried while the run goes on",
  options,
  inputs: { tables: lossless(many(stream("any", "what to keep"))) },
  outputs: {},
  async run({ tables }, _outputs, context) {
    const { options, run, runFolder, checkpointFolder, log } = context;
    const { file, showEvery } = options;
    const path = join(runFolder, file);
    const warn = (message: string) => log("warning", message);
    const shown = await claimFile(path, join(checkpointFolder, "claim"), warn);
    const database = await GrowingDatabase.create(path, shown);
    const show = () =>
      database
        .show()
        .catch((error: unknown) => log("warning", `the database is not shown: ${String(error)}`));
    const timer = setInterval(show, showEvery * 1000);
    const results = await Promise.allSettled(
      tables.map(async (input) => {
        const { table, stage } = input.origin;
        for await (const batch of input) await database.append(table, stage, batch);
      }),
    );
    clearInterval(timer);
    const failed = results.find((result) => result.status === "rejected");
    try {
      if (failed === undefined && !run.stopping.aborted) {
        for (const { origin } of tables) await database.declare(origin.table, emptySchemas[origin.table]);
      }
    } finally {
      await database.close();
    }
    if (failed !== undefined) throw failed.reason;
  },
});
