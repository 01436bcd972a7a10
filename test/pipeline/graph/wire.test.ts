import { suite } from "uvu";
import * as assert from "uvu/assert";
import { FileMistake, type PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { ResolvedPipeline } from "../../../pipeline/graph/resolved.js";
import { load } from "../../support/pipelines.js";
import { shapes } from "../../support/shapes.js";

const test = suite("pipeline/graph/wire");

const start = `
name: wiring
stages:
  data: { uses: data/table, with: { path: x } }
  noise: { uses: labels/noise, from: data }
  network: { uses: network/init, from: noise }
  train: { uses: train/gradient-descent, from: [noise, network] }
  svd: { uses: jacobian/spectrum, from: [noise, train.snapshots] }
`;

/** `from → to` of every wire into a stage. */
function into(pipeline: ResolvedPipeline, stage: string): string[] {
  return pipeline.wires
    .filter((wire) => wire.to.stage === stage)
    .map((wire) => `${wire.from.stage}.${wire.from.port} → ${wire.to.port}`);
}

const wired = async (stages: string) => load(`${start}${stages}`, shapes);

async function mistakesOf(text: string) {
  try {
    await load(text, shapes);
  } catch (error) {
    return (error as PipelineFileErrors).errors;
  }
  throw new Error("expected mistakes");
}

/** The one mistake of stages added to the start. */
async function mistake(stages: string) {
  const errors = await mistakesOf(`${start}${stages}`);
  assert.is(errors.length, 1, errors.map((error) => error.message).join("\n"));
  return errors[0];
}

test("stage.port binds the input of its table", async () => {
  const pipeline = await wired("");
  assert.equal(into(pipeline, "svd"), ["noise.examples → examples", "train.snapshots → parameters"]);
});

test("a bare name binds every unbound input that has one offer of its table", async () => {
  const pipeline = await wired("  project: { uses: metrics/projection, from: [noise, svd] }");
  assert.equal(into(pipeline, "project"), [
    "noise.examples → examples",
    "svd.basis → basis",
    "svd.predictions → predictions",
  ]);
});

test("stage.port beats bare names", async () => {
  const pipeline = await wired(
    "  project: { uses: metrics/projection, from: [train.predictions, noise, svd] }",
  );
  assert.equal(into(pipeline, "project"), [
    "noise.examples → examples",
    "svd.basis → basis",
    "train.predictions → predictions",
  ]);
});

test("two offers for one input are an error that lists both", async () => {
  const { code, message } = await mistake(
    "  project: { uses: metrics/projection, from: [noise, train, svd] }",
  );
  assert.is(code, "SEVERAL_OFFERS");
  assert.match(message, "train.predictions, svd.predictions");
});

test("two offers from one stage are an error that lists both", async () => {
  const errors = await mistakesOf(`
name: x
stages:
  data: { uses: data/table, with: { path: x } }
  noise: { uses: labels/noise, from: [data, data] }`);
  assert.is(errors[0].code, "SEVERAL_OFFERS");
});

test("the explicit form binds inputs by name, with values like list entries", async () => {
  const pipeline = await wired(`
  project:
    uses: metrics/projection
    from: { examples: noise, basis: svd, predictions: { port: train.predictions, capacity: 64, policy: latest } }
  compare: { uses: metrics/compare, from: { left: svd.basis, right: svd } }`);
  assert.equal(into(pipeline, "project"), [
    "noise.examples → examples",
    "svd.basis → basis",
    "train.predictions → predictions",
  ]);
  assert.equal(into(pipeline, "compare"), ["svd.basis → left", "svd.basis → right"]);
  const wire = pipeline.wires.find(({ to }) => to.stage === "project" && to.port === "predictions");
  assert.is(wire?.capacity, 64);
  assert.is(wire?.policy, "latest");
});

test("a string, a list and an object are all ways to say from", async () => {
  for (const from of [
    "train.metrics",
    "[train.metrics]",
    "{ port: train.metrics }",
    "[{ port: train.metrics }]",
    "train",
  ]) {
    const pipeline = await wired(`  echo: { uses: test/echo, from: ${from} }`);
    assert.equal(into(pipeline, "echo"), ["train.metrics → metrics"], from);
  }
});

test("edges are block with capacity 8 unless told", async () => {
  const pipeline = await wired("  echo: { uses: test/echo, from: [{ port: train.metrics, capacity: 3 }] }");
  const [snapshots] = pipeline.wires.filter(({ to }) => to.stage === "svd" && to.port === "parameters");
  assert.equal([snapshots.capacity, snapshots.policy, snapshots.delivery], [8, "block", "stream"]);
  const [metrics] = pipeline.wires.filter(({ to }) => to.stage === "echo");
  assert.equal([metrics.capacity, metrics.policy], [3, "block"]);
});

test("a many input takes all offers in file order", async () => {
  const pipeline = await wired(`
  again: { uses: jacobian/spectrum, from: [noise, train.snapshots] }
  collect: { uses: metrics/collect, from: [again, svd.basis] }`);
  assert.equal(into(pipeline, "collect"), ["again.basis → bases", "svd.basis → bases"]);
});

test("a bare stage offers a sink all its outputs", async () => {
  const pipeline = await wired("  keep: { uses: sink/parquet, from: [train, svd.spectrum] }");
  assert.equal(into(pipeline, "keep"), [
    "train.snapshots → tables",
    "train.predictions → tables",
    "train.metrics → tables",
    "svd.spectrum → tables",
  ]);
});

test("any takes what no input of its own table takes", async () => {
  const pipeline = await wired("  report: { uses: sink/report, from: [train, svd.spectrum, svd.metrics] }");
  assert.equal(into(pipeline, "report"), [
    "train.metrics → metrics",
    "svd.metrics → metrics",
    "train.snapshots → others",
    "train.predictions → others",
    "svd.spectrum → others",
  ]);
});

test("an output named by itself beside its stage is connected once, with its own edge", async () => {
  const pipeline = await wired(
    "  show: { uses: sink/console, from: [train, { port: train.metrics, policy: latest }] }",
  );
  assert.equal(into(pipeline, "show"), [
    "train.snapshots → tables",
    "train.predictions → tables",
    "train.metrics → tables",
  ]);
  const [metrics] = pipeline.wires.filter(({ to, from }) => to.stage === "show" && from.port === "metrics");
  assert.is(metrics.policy, "latest");
});

test("one output listed twice is an error", async () => {
  const { code } = await mistake("  keep: { uses: sink/parquet, from: [train.metrics, train.metrics] }");
  assert.is(code, "LISTED_TWICE");
});

test("two named outputs for an input that takes one are an error that lists both", async () => {
  const { code, message } = await mistake("  echo: { uses: test/echo, from: [train.metrics, svd.metrics] }");
  assert.is(code, "BOUND_TWICE");
  assert.match(message, "train.metrics, svd.metrics");
});

test("an output that could feed two inputs asks for the explicit form", async () => {
  const errors = await mistakesOf(`${start}  compare: { uses: metrics/compare, from: [svd.basis] }`);
  assert.is(errors[0].code, "SEVERAL_INPUTS");
  assert.match(errors[0].message, "left, right");
});

test("an unknown stage has the nearest name", async () => {
  const { code, message, remedy } = await mistake("  echo: { uses: test/echo, from: trian.metrics }");
  assert.is(code, "UNKNOWN_STAGE");
  assert.match(message, '"trian"');
  assert.match(remedy!, 'Did you mean "train"?');
});

test("an unknown output has the nearest name", async () => {
  const { code, remedy } = await mistake("  echo: { uses: test/echo, from: train.metric }");
  assert.is(code, "UNKNOWN_PORT");
  assert.match(remedy!, 'Did you mean "metrics"?');
});

test("an unknown input has the nearest name", async () => {
  const { code, remedy } = await mistake("  echo: { uses: test/echo, from: { metric: train } }");
  assert.is(code, "UNKNOWN_INPUT");
  assert.match(remedy!, 'Did you mean "metrics"?');
});

test("a named output of a table the stage does not take is an error that says what it takes", async () => {
  const { code, message } = await mistake("  echo: { uses: test/echo, from: svd.basis }");
  assert.is(code, "NOTHING_OFFERED");
  assert.match(message, "takes metrics");
});

test("a named output of another table than the named input is an error", async () => {
  const { code, message } = await mistake("  echo: { uses: test/echo, from: { metrics: svd.basis } }");
  assert.is(code, "TABLE_MISMATCH");
  assert.match(message, "svd.basis is a basis table");
});

test("a bare stage that sends nothing the reader takes is an error", async () => {
  const { code, message } = await mistake("  echo: { uses: test/echo, from: [train, data] }");
  assert.is(code, "NOTHING_OFFERED");
  assert.match(message, '"data"');
});

test("a required input without a connection is an error that names what would do", async () => {
  const { code, message, remedy, location } = await mistake("  echo: { uses: test/echo }");
  assert.is(code, "UNCONNECTED");
  assert.match(message, '"metrics"');
  assert.match(remedy!, "train.metrics, svd.metrics");
  assert.is(location?.line, 9);
});

test("an optional input may stay unconnected, a required many input may not", async () => {
  await wired("  other: { uses: network/init }");
  const { code } = await mistake("  keep: { uses: sink/parquet }");
  assert.is(code, "UNCONNECTED");
});

test("a cycle is an error that shows the way round", async () => {
  const { code, message } = await mistake(`
  one: { uses: test/echo, from: three }
  two: { uses: test/echo, from: one }
  three: { uses: test/echo, from: two }
  after: { uses: test/echo, from: three }`);
  assert.is(code, "CYCLE");
  assert.match(message, "one → two → three → one");
});

test("two cycles are two errors, a stage that reads itself is one", async () => {
  const errors = await mistakesOf(`
name: cycles
stages:
  a: { uses: test/echo, from: b }
  b: { uses: test/echo, from: a }
  c: { uses: test/echo, from: c }`);
  assert.equal(
    errors.map(({ code, value }) => [code, value]),
    [
      ["CYCLE", ["a", "b", "a"]],
      ["CYCLE", ["c", "c"]],
    ],
  );
});

test("stages come after those they read from, otherwise in file order", async () => {
  const pipeline = await load(
    `
name: order
stages:
  last: { uses: test/echo, from: train }
  train: { uses: train/gradient-descent, from: [data, network] }
  data: { uses: data/table, with: { path: x } }
  network: { uses: network/init, from: data }`,
    shapes,
  );
  assert.equal(pipeline.order, ["data", "network", "train", "last"]);
});

for (const name of ["Train", "my_stage", "a.b", '"a b"', "é", '""']) {
  test(`${name} cannot name a stage`, async () => {
    const errors = await mistakesOf(`name: x\nstages: { ${name}: { uses: data/table, with: { path: x } } }`);
    assert.equal(
      errors.map(({ code }) => code),
      ["STAGE_NAME"],
    );
  });
}

test("digits and hyphens can name a stage", async () => {
  await load("name: x\nstages: { 2-nd-: { uses: data/table, with: { path: x } } }", shapes);
});

for (const policy of ["latest", "drop-oldest"]) {
  test(`a ${policy} edge into a sink that keeps files is an error, into the console it is not`, async () => {
    const { code, message } = await mistake(
      `  keep: { uses: sink/parquet, from: [{ port: train.metrics, policy: ${policy} }] }`,
    );
    assert.is(code, "LOSSY_EDGE");
    assert.match(message, "train.metrics");
    await wired(`  show: { uses: sink/console, from: [{ port: train.metrics, policy: ${policy} }] }`);
  });
}

test("capacity, policy and other keys of an edge are checked, with the nearest name", async () => {
  const errors = await mistakesOf(`${start}
  a: { uses: test/echo, from: [{ port: train.metrics, capacity: 0 }] }
  b: { uses: test/echo, from: [{ port: train.metrics, capacity: 1.5 }] }
  c: { uses: test/echo, from: [{ port: train.metrics, policy: newest }] }
  d: { uses: test/echo, from: [{ port: train.metrics, polcy: latest }] }
  e: { uses: test/echo, from: [{ capacity: 3 }] }
  f: { uses: test/echo, from: 7 }`);
  assert.equal(
    errors.map(({ code, location }) => [code, location?.line]),
    [
      ["CAPACITY", 10],
      ["CAPACITY", 11],
      ["UNKNOWN_POLICY", 12],
      ["UNKNOWN_KEY", 13],
      ["FROM_FORM", 14],
      ["FROM_FORM", 15],
    ],
  );
  assert.match(errors[3].remedy!, 'Did you mean "policy"?');
});

test("capacity and policy of a whole input are an error: they would mean nothing", async () => {
  const { code } = await mistake(
    "  project: { uses: metrics/projection, from: [{ port: noise.examples, capacity: 2 }, svd] }",
  );
  assert.is(code, "EDGE_OF_WHOLE");
});

test("a stage that nothing reads from is a warning, an unused output is not", async () => {
  const pipeline = await wired("  keep: { uses: sink/parquet, from: [svd.spectrum] }");
  assert.equal(pipeline.warnings, []);
  const [warning, ...others] = (await wired("")).warnings;
  assert.is(others.length, 0);
  assert.is(warning.code, "UNREAD_STAGE");
  assert.is(warning.message, 'nothing reads what stage "svd" sends');
  assert.instance(warning, FileMistake);
  assert.is((warning as FileMistake).location?.line, 8);
});

test("a stage that is mistaken itself causes no second report where it is read", async () => {
  const errors = await mistakesOf(`
name: x
stages:
  data: { uses: data/tabel, with: { path: x } }
  noise: { uses: labels/noise, from: data }
  network: { uses: network/init, from: noise }
  train: { uses: train/gradient-descent, from: [noise, netwrk] }`);
  assert.equal(
    errors.map(({ code }) => code),
    ["UNKNOWN_STAGE_TYPE", "UNKNOWN_STAGE"],
  );
});

test.run();
