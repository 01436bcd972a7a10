import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../../pipeline/file/load.js";
import { layOut, type Point, type Rectangle } from "../../../../pipeline/graph/picture/layout.js";
import { drawSvg } from "../../../../pipeline/graph/picture/svg.js";
import { textWidth } from "../../../../pipeline/graph/picture/textWidth.js";
import type { Wire } from "../../../../pipeline/graph/resolved.js";

const test = suite("the picture of a pipeline");
const root = new URL("../../../../", import.meta.url);

/** Any graph without circles: edges lead from a box to a later one. */
const sketches = fc
  .array(fc.integer({ min: 20, max: 260 }), { minLength: 1, maxLength: 14 })
  .chain((boxes) => {
    const edge = fc
      .tuple(fc.nat(boxes.length - 1), fc.nat(boxes.length - 1), fc.integer({ min: 10, max: 200 }))
      .filter(([one, other]) => one !== other)
      .map(([one, other, labelWidth]) => ({
        from: Math.min(one, other),
        to: Math.max(one, other),
        labelWidth,
      }));
    return fc.record({
      boxes: fc.constant(boxes),
      edges: boxes.length < 2 ? fc.constant([]) : fc.array(edge, { maxLength: 30 }),
    });
  });

const overlap = (one: Rectangle, other: Rectangle) =>
  one.x + 0.01 < other.x + other.width &&
  other.x + 0.01 < one.x + one.width &&
  one.y + 0.01 < other.y + other.height &&
  other.y + 0.01 < one.y + one.height;

const inside = ({ x, y }: Point, box: Rectangle) =>
  x > box.x + 0.01 && x < box.x + box.width - 0.01 && y > box.y + 0.01 && y < box.y + box.height - 0.01;

test("no boxes or labels overlap, and all are inside the picture", () =>
  fc.assert(
    fc.property(sketches, (sketch) => {
      const { width, height, boxes, labels } = layOut(sketch);
      const all = [...boxes, ...labels];
      for (const [index, one] of all.entries()) {
        for (const other of all.slice(index + 1)) assert.not(overlap(one, other));
        assert.ok(
          one.x >= -0.01 && one.y >= 0 && one.x + one.width <= width + 0.01 && one.y + one.height <= height,
        );
      }
      assert.equal(
        boxes.map((box) => Math.round(box.width)),
        sketch.boxes,
      );
    }),
    { numRuns: 150 },
  ));

test("every edge leads down from the one box to the other, through its label and no other box or label", () =>
  fc.assert(
    fc.property(sketches, (sketch) => {
      const { boxes, labels, lines } = layOut(sketch);
      assert.is(lines.length, sketch.edges.length);
      for (const [edge, { from, to }] of sketch.edges.entries()) {
        const line = lines[edge];
        assert.ok(Math.abs(line[0].y - boxes[from].y - boxes[from].height) < 0.01);
        assert.ok(Math.abs(line[line.length - 1].y - boxes[to].y) < 0.01);
        const middles = line
          .slice(1)
          .map((point, at) => ({ x: (point.x + line[at].x) / 2, y: (point.y + line[at].y) / 2 }));
        for (const [at, point] of line.entries()) if (at > 0) assert.ok(point.y >= line[at - 1].y);
        for (const point of [...line, ...middles]) assert.not(boxes.some((box) => inside(point, box)));
        const crossed = labels.flatMap((label, other) =>
          middles.some((point) => inside(point, label)) ? [other] : [],
        );
        assert.equal(crossed, [edge]);
      }
    }),
    { numRuns: 150 },
  ));

const wire = (from: string, to: string, more: Partial<Wire> = {}): Wire => ({
  from: { stage: from, port: "out" },
  to: { stage: to, port: "in" },
  table: "metrics",
  delivery: "stream",
  capacity: 8,
  policy: "block",
  ...more,
});

test("names are escaped, kinds of edges are told apart and explained, and the bytes are the same each time", () => {
  const pipeline = {
    name: 'a<b & "c"',
    stages: ["a", "b", "c"].map((name) => ({ name, uses: `${name}/<&>` })),
    wires: [
      wire("a", "b", { delivery: "whole", table: "examples" }),
      wire("b", "c"),
      wire("b", "c", { table: "spectrum" }),
      wire("a", "c", { policy: "latest", capacity: 2 }),
    ],
  };
  const svg = drawSvg(pipeline);
  assert.match(svg, "<title>a&lt;b &amp; &quot;c&quot;</title>");
  assert.match(svg, "b/&lt;&amp;&gt;");
  assert.match(svg, ">metrics, spectrum<");
  assert.match(svg, ">metrics (latest, 2)<");
  for (const meaning of ["batch by batch", "gathered whole before the stage starts", "may drop batches"]) {
    assert.match(svg, meaning);
  }
  assert.is(svg.match(/stroke-dasharray/g)?.length, 4);
  assert.not.match(svg, /NaN|undefined|<(?!\/?(?:svg|title|rect|path|text)\b)/);
  assert.is(drawSvg(pipeline), svg);
});

test("a pipeline of one stage is a picture of one box", () => {
  const svg = drawSvg({ name: "one", stages: [{ name: "a", uses: "data/table" }], wires: [] });
  assert.is(svg.match(/<rect /g)?.length, 2);
  assert.not.match(svg, /NaN|Infinity/);
});

test("docs/graph.svg is the picture of the quickstart", async () => {
  const file = new URL("examples/quickstart.yaml", root);
  const { stages, engines } = composition();
  const text = readFileSync(file, "utf8");
  const pipeline = await loadPipeline({ text, file: file.pathname, stages, engines, environment: {} });
  const written = readFileSync(new URL("docs/graph.svg", root), "utf8");
  assert.is(written, drawSvg(pipeline), "run: npm run documents");
});

test("a text is estimated as wide as DejaVu Sans, the widest of the fonts named, draws it", () => {
  // Advance widths of DejaVu Sans at 1000 units, summed.
  const measured = { data: 2252, "metrics/projection": 9094, WWW: 2966, illi: 1111 };
  for (const [text, width] of Object.entries(measured)) {
    const estimated = textWidth(text, 1000);
    assert.ok(estimated >= width && estimated <= 1.6 * width, `${text}: ${estimated} for ${width}`);
  }
});

test.run();
