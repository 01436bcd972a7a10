import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compactCommand } from "../../../pipeline/cli/compactCommand.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { listTables, loadRows } from "../../../stages/sinks/parquet/read.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";
import { inFolder, inputOf, sinkContext } from "../../support/sinks.js";

const law = suite("compact");

law("of several that merge one run at once one does, the others say who is at it", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "run.json"), '{ "outcome": "done" }');
    const batches = Array.from({ length: 12 }, (_, step) =>
      metrics.batch({ stage: "train", step, epoch: 0, split: "test", name: "loss", value: [step] }, 1),
    );
    const inputs = ["train", "other"].map((stage) => inputOf(stage, "metrics", batches));
    const options = { rowsPerPart: 1, compression: "snappy" as const, arrow: [] };
    await parquet.run({ tables: inputs }, {}, sinkContext(folder, options));
    const ends = await Promise.all(
      Array.from({ length: 4 }, () =>
        compactCommand({ run: folder }, recordedTerminal().terminal).then(
          () => "done",
          (error: JacoflowError) => error.code,
        ),
      ),
    );
    assert.equal([...new Set(ends)].sort(), ["RUN_ACTIVE", "done"]);
    for (const kept of await listTables(folder)) {
      assert.is(kept.files.length, 1);
      assert.equal(
        (await loadRows(metrics, kept)).map(({ step }) => step),
        Array.from({ length: 12 }, (_, step) => step),
      );
    }
  }),
);

law.run();
