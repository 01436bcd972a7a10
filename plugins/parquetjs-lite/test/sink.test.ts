import { basename, join } from "node:path";
import { Table } from "apache-arrow";
import { metrics } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parquetjsLite } from "../src/sink.js";
import { byDuckDB, filesUnder, inFolder } from "./folder.js";

const law = suite("sink/parquetjs-lite");

/** What a run with metrics and a basis leaves, and what DuckDB reads of the metrics. */
const keep = (options: Readonly<Record<string, unknown>>) =>
  inFolder(async (runFolder) => {
    const inputs = { tables: [sampleBatches("metrics")] };
    const { error } = await runStage(parquetjsLite, { options, inputs, runFolder });
    assert.is(error, undefined);
    const all = await filesUnder(runFolder);
    // Beside the parts lie the table's columns and the parts' checksums.
    const files = new Map([...all].filter(([path]) => !basename(path).startsWith("_")));
    const [first] = [...files.keys()];
    const found = first.endsWith(".parquet")
      ? await byDuckDB(join(runFolder, "tables/metrics/*/*.parquet"))
      : undefined;
    return { files, found };
  });

law("a run's batches are in tables/TABLE/STAGE/, row for row", async () => {
  const { files, found } = await keep({});
  assert.equal(
    [...files.keys()].map((path) => path.replace(/edge[^/]*/, "STAGE")),
    ["tables/metrics/STAGE/part-00000.parquet"],
  );
  const sent = metrics.read(new Table([...sampleBatches("metrics")]));
  assert.equal(found?.value, [...sent.value]);
  assert.equal(found?.name, sent.name);
  assert.equal(found?.split, [...sent.split]);
  assert.equal(found?.step, [...sent.step]);
});

law("rowsPerPart cuts files, and arrow keeps a table as Arrow", async () => {
  const whole = await keep({});
  const parts = await keep({ rowsPerPart: 4 });
  assert.is(parts.files.size, 3);
  assert.equal(parts.found, whole.found);
  const arrow = await keep({ arrow: ["metrics"] });
  assert.ok([...arrow.files.keys()].every((path) => path.endsWith(".arrow")));
});

law("two runs of the same batches leave the same bytes", async () => {
  const [one, two] = [await keep({ compression: "gzip" }), await keep({ compression: "gzip" })];
  assert.equal([...one.files], [...two.files]);
});

law.run();
