import * as fc from "fast-check";
import Type from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defineStage, many, optional, output, stream, whole } from "../../../pipeline/stage.js";
import { numberBatch, numberOf, pause, run, stageMap } from "../../support/pipelines.js";

const test = suite("pipeline/run on any graph");

/** A stage of a random graph: how it reads the stages before it, by their numbers. */
interface Node {
  readonly streams: readonly number[];
  readonly wholes: readonly number[];
  readonly capacity: number;
}

const graphs = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, index) => {
      const earlier = fc.uniqueArray(fc.integer({ min: 0, max: Math.max(0, index - 1) }), {
        maxLength: index === 0 ? 0 : 3,
      });
      return fc.record({ streams: earlier, wholes: earlier, capacity: fc.integer({ min: 1, max: 4 }) });
    }),
  ),
);

/** Sends numbers of its own if it reads nothing; else every batch of its streams, after counting its whole tables. */
const relay = defineStage({
  name: "test/relay",
  summary: "hands on what it gets",
  options: Type.Object({ own: Type.Integer() }),
  inputs: {
    streams: optional(many(stream("metrics", "handed on"))),
    wholes: optional(many(whole("metrics", "counted"))),
  },
  outputs: { metrics: output("metrics", "what came") },
  run: async ({ streams, wholes }, outputs, { options }) => {
    const counted = wholes.reduce((rows, { table }) => rows + table.numRows, 0);
    for (let number = 0; number < options.own; number += 1) await outputs.metrics.send(numberBatch(number));
    // Whole tables show as one batch that carries their number of rows.
    if (wholes.length > 0) await outputs.metrics.send(numberBatch(counted));
    await Promise.all(
      streams.map((input) =>
        input.forEach(async (batch) => {
          if (numberOf(batch) % 3 === 0) await pause(0);
          await outputs.metrics.send(batch);
        }),
      ),
    );
  },
});

/** Batches each stage sends, by the rules of `relay`. */
function expected(nodes: readonly Node[], own: number): number[] {
  const sent: number[] = [];
  for (const { streams, wholes } of nodes) {
    const source = streams.length === 0 && wholes.length === 0 ? own : 0;
    sent.push(source + (wholes.length > 0 ? 1 : 0) + streams.reduce((sum, from) => sum + sent[from], 0));
  }
  return sent;
}

test("whatever the graph, the capacities and the whole inputs, a run ends and every batch arrives", async () => {
  const own = 12;
  await fc.assert(
    fc.asyncProperty(graphs, async (nodes) => {
      const entry = (node: Node, index: number) => {
        const source = node.streams.length === 0 && node.wholes.length === 0;
        const streams = node.streams.map((from) => `{ port: s${from}.metrics, capacity: ${node.capacity} }`);
        const from = source
          ? ""
          : `, from: { streams: [${streams}], wholes: [${node.wholes.map((number) => `s${number}`)}] }`;
        return `  s${index}: { uses: test/relay, with: { own: ${source ? own : 0} }${from} }`;
      };
      const counts = new Map<string, number>();
      const counter = defineStage({
        name: "sink/count",
        summary: "counts",
        options: Type.Object({}),
        inputs: { all: many(stream("metrics", "everything")) },
        outputs: {},
        run: async ({ all }) => {
          await Promise.all(
            all.map((input) =>
              input.forEach(() => {
                counts.set(input.origin.stage, (counts.get(input.origin.stage) ?? 0) + 1);
              }),
            ),
          );
        },
      });
      const stages = nodes.map(entry).join("\n");
      const names = nodes.map((_, index) => `s${index}`);
      const text = `name: any\nstages:\n${stages}\n  count: { uses: sink/count, from: [${names}] }`;
      await run(text, stageMap(relay, counter), ({ outcome }) => {
        assert.is(outcome.error, undefined);
        assert.is(outcome.outcome, "done");
        assert.equal(
          names.map((name) => counts.get(name) ?? 0),
          expected(nodes, own),
        );
        for (const edge of outcome.edges) assert.ok(edge.maximumDepth <= edge.capacity);
      });
    }),
    { numRuns: 40 },
  );
});

test.run();
