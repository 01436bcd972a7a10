import { Type } from "typebox";
import { defineStage, lossless, many, stream } from "../../pipeline/stage.js";
import { nameOf } from "../origin.js";
import { GrowingFile, rowStream } from "./growingFile.js";
import { jsonLines } from "./ndjson/lines.js";
import { standardOutput, standardOutputName, type Target, writeInputs } from "./target.js";

const options = Type.Object(
  {
    file: Type.String({
      pattern: "^(-|[^/\\\\]+)$",
      default: "rows.ndjson",
      description:
        "name of the file in the run folder, which grows line by line as the run goes; - is stdout, and a reader that goes away ends the run",
    }),
  },
  { additionalProperties: false },
);

/** The NDJSON sink with a way to open stdout and files. */
export function ndjsonSink(openOutput: () => Target) {
  return defineStage({
    name: "sink/ndjson",
    summary: "Writes a JSON object a row, one a line, to a file of the run folder or to stdout.",
    options,
    inputs: { tables: lossless(many(stream("any", "what to write"))) },
    outputs: {},
    plan: () => ({ memoryBytes: 0, work: { flops: 0, seconds: 0 } }),
    async run({ tables }, _outputs, context) {
      const { file } = context.options;
      const target =
        file === standardOutputName ? rowStream(openOutput()) : await GrowingFile.open(file, context);
      try {
        await writeInputs(tables, (input, batch) =>
          target.take(nameOf(input), batch.numRows, () => jsonLines(input.origin, batch)),
        );
      } finally {
        await target.close();
      }
    },
  });
}

export const ndjson = ndjsonSink(standardOutput);
