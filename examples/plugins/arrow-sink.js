// Replaces sink/parquet: the same tables as Arrow IPC files. The pipeline file stays as it is:
// `jacoflow run examples/quickstart.yaml --plugins ./plugins/arrow-sink.js`
import { arrowForm, definePlugin, defineStage, keepTables, lossless, many, stream } from "jacoflow";
import { Type } from "typebox";

const arrowSink = defineStage({
  name: "sink/arrow-parts",
  replaces: "sink/parquet",
  summary: "Keeps tables as Arrow IPC files in tables/TABLE/STAGE/ of the run folder",
  options: Type.Object(
    {
      rowsPerPart: Type.Integer({ minimum: 1, default: 65_536, description: "rows that end a file" }),
    },
    { additionalProperties: false },
  ),
  inputs: { tables: lossless(many(stream("any", "what to keep"))) },
  outputs: {},
  run: ({ tables }, _outputs, context) =>
    keepTables(tables, context, { rowsPerPart: context.options.rowsPerPart, formOf: () => arrowForm }),
});

export default definePlugin({ name: "arrow-sink", api: 1, stages: [arrowSink] });
