import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { slowness } from "../support/slowness.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { filesBelow, leftovers, partsOf, query } from "../support/tables.js";

const law = suite("interruption");

law.before(build);

/** The small pipeline, training for far longer than a test waits. */
const endless = {
  train:
    "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.001, batchSize: 10, epochs: 100000, snapshots: { at: [0] } } }",
  project: null,
  console: "{ uses: sink/console, from: [train.metrics, svd.spectrum] }",
  parquet: "{ uses: sink/parquet, from: [train.metrics, svd.spectrum] }",
} as const;

for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  law(`${signal} stops the run cleanly: exit code ${exitCode}, whole tables, run.json says cancelled`, () =>
    withFolder(async (folder) => {
      const run = join(folder, "run");
      let sent = false;
      let sentAt = 0;
      const before = slowness();
      const ended = await jacoflow(["run", writeSmallPipeline(folder, endless), "--out", run], {
        onOutput: (child, output) => {
          // The first spectrum is through and training goes on.
          if (sent || !/svd/.test(output) || output.split("\n").length < 40) return;
          sent = true;
          sentAt = performance.now();
          child.kill(signal);
        },
      });
      const took = performance.now() - sentAt;
      assert.ok(sent, ended.stderr);
      assert.is(ended.code, exitCode, ended.stderr);
      const allowed = 5000 * Math.max(before, slowness());
      assert.ok(took < allowed, `${took} ms to stop, ${allowed} are allowed`);
      assert.not.match(ended.stderr, /^error /m);
      const record = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
      assert.is(record.outcome, "cancelled");
      assert.equal(leftovers(run), []);
      const [{ rows }] = await query(`select count(*) as rows from ${partsOf(run, "metrics", "train")}`);
      assert.ok((rows as number) > 10, `${rows} rows`);
      // What was printed was measured, and what was measured before the signal was written.
      assert.ok(filesBelow(join(run, "tables")).some((file) => file.startsWith("spectrum/svd/")));
    }),
  );
}

law("a second signal ends the process at once", () =>
  withFolder(async (folder) => {
    let count = 0;
    const ended = await jacoflow(["run", writeSmallPipeline(folder, endless), "--out", join(folder, "run")], {
      onOutput: (child, output) => {
        if (count === 0 && output.split("\n").length > 40) {
          count = 1;
          child.kill("SIGINT");
        } else if (count === 1 && output.includes("once more ends at once")) {
          count = 2;
          child.kill("SIGINT");
        }
      },
    });
    assert.is(ended.code, 130);
  }),
);

law.run();
