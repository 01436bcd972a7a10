import { suite } from "uvu";
import * as assert from "uvu/assert";
import { drawDot, drawMermaid } from "../../../pipeline/graph/draw.js";
import { load } from "../../support/pipelines.js";
import { shapes } from "../../support/shapes.js";

const test = suite("pipeline/graph/draw");

const pipeline = load(
  `
name: drawn
stages:
  data: { uses: data/table, with: { path: x } }
  end: { uses: network/init, from: data }
  train: { uses: train/gradient-descent, from: [data, end] }
  show: { uses: sink/console, from: [{ port: train.metrics, policy: latest }] }`,
  shapes,
);

test("Mermaid shows stages as boxes and tables on the edges, whatever stages are called", async () => {
  assert.is(
    drawMermaid(await pipeline),
    `flowchart LR
  s0["data<br/>data/table"]
  s1["end<br/>network/init"]
  s2["train<br/>train/gradient-descent"]
  s3["show<br/>sink/console"]
  s0 -->|"examples (whole)"| s1
  s0 -->|"examples (whole)"| s2
  s1 -->|"parameters (whole)"| s2
  s2 -->|"metrics (latest, 8)"| s3
`,
  );
});

test("DOT shows the same", async () => {
  assert.is(
    drawDot(await pipeline),
    `digraph "drawn" {
  rankdir=LR;
  node [shape=box];
  "data" [label="data\\ndata/table"];
  "end" [label="end\\nnetwork/init"];
  "train" [label="train\\ntrain/gradient-descent"];
  "show" [label="show\\nsink/console"];
  "data" -> "end" [label="examples (whole)"];
  "data" -> "train" [label="examples (whole)"];
  "end" -> "train" [label="parameters (whole)"];
  "train" -> "show" [label="metrics (latest, 8)", style=dashed];
}
`,
  );
});

test.run();
