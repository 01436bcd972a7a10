import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { orderStages } from "../../../pipeline/graph/order.js";

const test = suite("pipeline/graph/order");

const edge = (from: number, to: number) => ({
  from: { stage: `s${from}`, port: "out" },
  to: { stage: `s${to}`, port: "in" },
});
const graphs = fc.integer({ min: 1, max: 12 }).chain((count) =>
  fc.record({
    names: fc.constant(Array.from({ length: count }, (_, index) => `s${index}`)),
    edges: fc.array(
      fc.tuple(fc.integer({ min: 0, max: count - 1 }), fc.integer({ min: 0, max: count - 1 })),
      { maxLength: 24 },
    ),
  }),
);

test("every stage comes after those it reads from, or there is a true cycle", () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const wires = edges.map(([from, to]) => edge(from, to));
      const { order, cycles } = orderStages(names, wires);
      for (const { from, to } of wires) {
        if (order.includes(to.stage)) assert.ok(order.indexOf(from.stage) < order.indexOf(to.stage));
      }
      assert.is(cycles.length > 0, order.length < names.length);
      for (const cycle of cycles) {
        assert.is(cycle[0], cycle[cycle.length - 1]);
        assert.is(new Set(cycle).size, cycle.length - 1);
        for (const [index, stage] of cycle.slice(0, -1).entries()) {
          assert.ok(wires.some(({ from, to }) => from.stage === stage && to.stage === cycle[index + 1]));
        }
      }
    }),
  );
});

test("without circles and with edges forward only, the order is that of the file", () => {
  fc.assert(
    fc.property(graphs, ({ names, edges }) => {
      const forward = edges.filter(([from, to]) => from < to).map(([from, to]) => edge(from, to));
      assert.equal(orderStages(names, forward).order, names);
    }),
  );
});

test.run();
