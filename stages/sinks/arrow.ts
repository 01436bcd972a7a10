import { setImmediate } from "node:timers/promises";
import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import {
  defineStage,
  type InputStream,
  lossless,
  many,
  type StageContext,
  stream,
} from "../../pipeline/stage.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { openEndpoint } from "./arrow/endpoint.js";
import { writeStream } from "./arrow/stream.js";
import { arrowForm } from "./arrowForm.js";
import { GrowingFile, rowStream } from "./growingFile.js";
import { emptySchemas, keepTables } from "./keptTables.js";
import { planKept } from "./plan.js";
import { standardOutput, standardOutputName, type Target } from "./target.js";

const options = Type.Object(
  {
    stream: Type.Optional(
      Type.String({
        pattern: "^(-|[^/\\\\]+)$",
        description:
          "one table as an Arrow IPC stream instead: name of the file in the run folder, which grows as the run goes; - is stdout, and a reader that goes away ends the run",
      }),
    ),
    http: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description:
          "port on 127.0.0.1 (0: any that is free) that serves each table as an Arrow IPC stream instead: GET / lists them, GET /TABLE/STAGE is one, from its last 8 MB on; a listener more than 16 MB behind is let go",
      }),
    ),
    rowsPerPart: Type.Integer({
      minimum: 1,
      default: 65_536,
      description:
        "the batch that brings a file to this many rows, or to 32 MB, is its last; until then the file is replaced by a longer one whenever its batches have doubled",
    }),
  },
  { additionalProperties: false },
);

/** Serves every table until its end; training does not wait for listeners. */
async function serve(
  tables: readonly InputStream[],
  port: number,
  context: StageContext<unknown>,
): Promise<void> {
  const endpoint = await openEndpoint(
    port,
    tables.map(({ origin }) => origin),
    context,
  );
  context.log("info", `arrow streams: ${endpoint.url}`);
  try {
    await Promise.all(
      tables.map(async (input) => {
        const channel = endpoint.channel(input.origin);
        const send = async (batch: RecordBatch) => {
          channel.send(batch);
          await setImmediate();
        };
        try {
          await input.forEach(send);
        } finally {
          channel.end(emptySchemas[input.origin.table]);
        }
      }),
    );
  } finally {
    await endpoint.close();
  }
}

/** The Arrow sink with a way to open stdout. */
export function arrowSink(openOutput: () => Target) {
  return defineStage({
    name: "sink/arrow",
    summary:
      "Keeps tables as Arrow IPC files in tables/TABLE/STAGE/ of the run folder, or streams them to stdout, a file or HTTP.",
    options,
    inputs: { tables: lossless(many(stream("any", "what to keep or stream"))) },
    outputs: {},
    checkOptions: ({ options: { stream, http }, place }) => {
      if (stream !== undefined && http !== undefined) throw sinkErrors.twoTargets(`${place}.with`);
    },
    plan: ({ stream }, context) => {
      const tables = [...new Set((context.offers.tables ?? []).map(({ origin }) => origin.table))];
      if (stream !== undefined && tables.length > 1)
        throw sinkErrors.severalTables(`${context.place}.from`, tables);
      return planKept(context, () => 1);
    },
    async run({ tables }, _outputs, context) {
      const { stream: name, http, rowsPerPart } = context.options;
      if (http !== undefined) return serve(tables, http, context);
      if (name === undefined) return keepTables(tables, context, { rowsPerPart, formOf: () => arrowForm });
      const names = [...new Set(tables.map(({ origin }) => origin.table))];
      if (names.length > 1) throw sinkErrors.severalTables(`stages.${context.stage}.from`, names);
      const target =
        name === standardOutputName ? rowStream(openOutput()) : await GrowingFile.open(name, context);
      try {
        await writeStream(tables, target, `stages.${context.stage}.from`);
      } finally {
        await target.close();
      }
    },
  });
}

export const arrow = arrowSink(standardOutput);
