import type { Schema } from "apache-arrow";
import type { OutputPort, TableName } from "../../../pipeline/stage.js";
import { schemaDifference } from "../../../schemas/ipc.js";
import { tableNameOf } from "../../../schemas/table.js";
import { sampleBatches } from "../samples.js";
import { failed, type Law, leftBytes, sentBytes } from "./law.js";

/** How a schema differs from the table's in names and types; sizes of fixed lists are a run's own. */
function tableDifference(found: Schema, table: TableName): string | undefined {
  const form = (schema: Schema) =>
    schema.fields.map(
      ({ name, type }) => `${name} ${String(type).replace(/^FixedSizeList\[\d+\]/, "FixedSizeList")}`,
    );
  const [wanted, got] = [form(sampleBatches(table)[0].schema), form(found)];
  if (wanted.join() !== got.join()) return `columns ${got.join(", ")}, not ${wanted.join(", ")}`;
  return found.metadata.get("jacoflow.version") === undefined ? "no metadata jacoflow.version" : undefined;
}

export const portsHonoured: Law = async (bench) => {
  const outcome = await bench.usual();
  if (outcome.error !== undefined) return failed(outcome);
  for (const [port, batches] of Object.entries(outcome.batches)) {
    const { table } = (bench.stage.outputs as Readonly<Record<string, OutputPort>>)[port];
    if (batches.length === 0 && !bench.silent.includes(port)) {
      return `${port} sent nothing; where its options or samples do not let it, a trial says so: silent: ["${port}"]`;
    }
    for (const { schema } of batches) {
      const found = tableNameOf(schema);
      if (found !== table) return `${port} is declared as ${table} and sent ${found ?? "what is no table"}`;
      const difference = tableDifference(schema, table) ?? schemaDifference(batches[0].schema, schema);
      if (difference !== undefined) return `${port} sent another schema: ${difference}`;
    }
  }
};

export const deterministic: Law = async (bench) => {
  const first = await bench.usual();
  if (first.error !== undefined) return failed(first);
  const second = await bench.run();
  const [sent, sentAgain] = await Promise.all([first, second].map(sentBytes));
  const [left, leftAgain] = await Promise.all([first, second].map(leftBytes));
  if (sent !== sentAgain || left !== leftAgain) return "the same seed gave other bytes";
};
