import type { Schema } from "apache-arrow";
import type { InputStream } from "../../../pipeline/stage.js";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import { ArrowStream, schemaDifference } from "../../../schemas/ipc.js";
import { emptySchemas } from "../keptTables.js";
import { type Target, writeInputs } from "../target.js";

/**
 * Writes one table of any number of stages as one Arrow IPC stream: schema, dictionaries, then the batches as they come.
 * A table of which nothing came is a stream without batches where its columns are known, else nothing at all. Errors:
 * STREAM_SCHEMA, and those of the target.
 */
export async function writeStream(
  inputs: readonly InputStream[],
  target: Target,
  place: string,
): Promise<void> {
  let schema: Schema | undefined;
  let stream: ArrowStream | undefined;
  const begin = (given: Schema): ArrowStream => {
    schema = given;
    return new ArrowStream(given);
  };
  await writeInputs(inputs, async (_, batch) => {
    const difference = schema === undefined ? undefined : schemaDifference(schema, batch.schema);
    if (difference !== undefined) throw sinkErrors.streamSchema(place, difference);
    // What begins a stream comes with its first batch: the order of writes is that of encoding.
    stream ??= begin(batch.schema);
    await target.write(stream.encode(batch));
  });
  const known = inputs.length === 0 ? undefined : emptySchemas[inputs[0].origin.table];
  if (stream === undefined && known !== undefined) stream = begin(known);
  if (stream !== undefined) await target.write(stream.finish());
}
