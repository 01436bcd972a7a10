import type { Schema } from "apache-arrow";
import type { InputStream } from "../../../pipeline/stage.js";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import { ArrowStream, schemaDifference } from "../../../schemas/ipc.js";
import { nameOf } from "../../origin.js";
import type { RowTarget } from "../growingFile.js";
import { emptySchemas } from "../keptTables.js";
import { writeInputs } from "../target.js";

/**
 * Writes one table of any number of stages as one Arrow IPC stream: schema, dictionaries, then the batches as they come.
 * A table of which nothing came is a stream without batches where its columns are known, else nothing at all. Errors:
 * STREAM_SCHEMA, and those of the target.
 */
export async function writeStream(
  inputs: readonly InputStream[],
  target: RowTarget,
  place: string,
): Promise<void> {
  let schema: Schema | undefined;
  let stream: ArrowStream | undefined;
  await writeInputs(inputs, async (input, batch) => {
    const difference = schema === undefined ? undefined : schemaDifference(schema, batch.schema);
    if (difference !== undefined) throw sinkErrors.streamSchema(place, difference);
    schema ??= batch.schema;
    // What begins a stream comes with its first batch: the order of writes is that of encoding.
    await target.take(nameOf(input), batch.numRows, () => {
      if (stream === undefined) {
        stream = new ArrowStream(batch.schema);
        // Schema and dictionaries are there.
        if (target.isBegun) stream.encode(batch);
      }
      return [stream.encode(batch)];
    });
  });
  schema ??= inputs.length === 0 ? undefined : emptySchemas[inputs[0].origin.table];
  if (schema === undefined) return;
  if (stream === undefined) {
    stream = new ArrowStream(schema);
    if (target.isBegun) stream.begin();
  }
  await target.end(stream.finish());
}
