import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ResolvedPipeline, Wire } from "../../../pipeline/graph/resolved.js";
import { LiveRun } from "../../../pipeline/serve/liveRun.js";
import { Pace } from "../../../pipeline/serve/pace.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { ask, serving } from "../../support/serving.js";

const law = suite("the text for Prometheus");

const wire: Wire = {
  ...{ from: { stage: "train", port: "metrics" }, to: { stage: 'odd "name"\\\n', port: "tables" } },
  ...{ table: "metrics", delivery: "stream", capacity: 8, policy: "block" },
};
const pipeline = {
  ...{ name: "small", seed: 7, engine: "auto", document: {}, wires: [wire] },
  stages: [{ name: "train", uses: "train/gradient-descent" }],
} as unknown as ResolvedPipeline;

/** A run in which a batch was sent, a sweep was made and an edge holds three batches. */
function someRun(): LiveRun {
  const run = new LiveRun("small-1", pipeline);
  const counts = { depth: 3, maximumDepth: 5, sent: 9, delivered: 6, waits: 2, drops: 0, stored: 0 };
  const edges = () => [{ ...wire, ...counts }];
  run.observe({ kind: "run-started", name: "small", runFolder: "", stages: ["train"], edges });
  run.observe({ kind: "stage-started", stage: "train", seconds: 0 });
  run.observe({ kind: "stage-progress", stage: "train", seconds: 1, done: 3, total: 10, unit: "steps" });
  const batch = metrics.batch(
    {
      ...{ stage: "train", step: [1, 1], epoch: Float64Array.of(1, 1), split: ["train", "test"] },
      ...{ name: ["loss", "loss"], value: Float64Array.of(1, Number.NaN) },
    },
    2,
  );
  run.observe({ kind: "batch-sent", origin: { stage: "train", port: "metrics", table: "metrics" }, batch });
  for (const seconds of [0.5, 0.25]) {
    const entry = { time: "", level: "debug", stage: "train", message: "sweep", facts: { seconds } } as const;
    run.observe({ kind: "log", entry });
  }
  return run;
}

/** A line of the format, by its own description: name, labels with escaped values, a number. */
const sample =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

law(
  "every line is one of the format, each metric has its type before its samples, and no sample comes twice",
  () =>
    serving({ live: someRun() }, async (server) => {
      const { headers, body } = await ask(server, "/metrics");
      assert.is(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
      assert.ok(body.endsWith("\n"));
      const types = new Map<string, string>();
      const seen = new Set<string>();
      for (const line of body.slice(0, -1).split("\n")) {
        const comment = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
        if (comment !== null) {
          if (comment[1] === "TYPE") {
            assert.not.ok(types.has(comment[2]), line);
            assert.match(comment[3], /^(gauge|counter|summary)$/);
            types.set(comment[2], comment[3]);
          }
          continue;
        }
        const found = sample.exec(line);
        assert.ok(found, line);
        const name = found![1].replace(/_(sum|count)$/, (ending, _word, at) =>
          types.has(found![1].slice(0, at)) ? "" : ending,
        );
        assert.ok(types.has(name), `${line} has no type before it`);
        // By what they end in readers of the format tell the types apart.
        if (types.get(name) === "counter") assert.match(name, /_total$/);
        else assert.not.match(name, /_(total|sum|count|bucket)$/);
        const key = line.slice(0, line.lastIndexOf(" "));
        assert.not.ok(seen.has(key), line);
        seen.add(key);
      }
    }),
);

law("it says what the edges hold, what was sent, how far stages are and how long sweeps took", () =>
  serving({ live: someRun() }, async (server) => {
    const { body } = await ask(server, "/metrics");
    const edge =
      'run="small-1",from="train.metrics",to="odd \\"name\\"\\\\\\n.tables",table="metrics",policy="block"';
    for (const line of [
      `jacoflow_edge_depth{${edge}} 3`,
      `jacoflow_edge_capacity{${edge}} 8`,
      `jacoflow_edge_sent_total{${edge}} 9`,
      `jacoflow_edge_waits_total{${edge}} 2`,
      'jacoflow_rows_total{run="small-1",stage="train",table="metrics"} 2',
      'jacoflow_stage_done{run="small-1",stage="train",unit="steps"} 3',
      'jacoflow_sweep_seconds_sum{run="small-1",stage="train"} 0.75',
      'jacoflow_sweep_seconds_count{run="small-1",stage="train"} 2',
      'jacoflow_run_running{run="small-1"} 1',
    ]) {
      assert.ok(body.includes(`${line}\n`), line);
    }
  }),
);

law("a rate is the growth of the last seconds, and begins anew when the count does", () => {
  let now = 0;
  const pace = new Pace(() => now);
  assert.is(pace.at(0), 0);
  for (let second = 1; second <= 20; second += 1) {
    now = 1000 * second;
    pace.at(10 * second);
  }
  assert.is(pace.at(200), 10);
  now += 5000;
  assert.is(pace.at(700), 100);
  assert.is(pace.at(3), 0);
  now += 1000;
  assert.is(pace.at(5), 2);
});

law.run();
