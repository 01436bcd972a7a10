import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { corrupt, selectedLaw, transition } from "../../../stages/labels/corruption.js";

const test = suite("stages/labels/corruption");

const scene = fc.record({
  classes: fc.integer({ min: 2, max: 6 }),
  n: fc.integer({ min: 1, max: 200 }),
  fraction: fc.double({ min: 0, max: 1, noNaN: true }),
  seed: fc.string(),
});
const labelsOf = (n: number, classes: number) =>
  Int32Array.from({ length: n }, (_, row) => (row * 7) % classes);
const changes = (left: Int32Array, right: Int32Array) =>
  left.filter((label, row) => label !== right[row]).length;

test("uniform-other and pair-flip change exactly round(fraction · n) labels, each to another class", () => {
  fc.assert(
    fc.property(scene, fc.constantFrom("uniform-other" as const, "pair-flip" as const), (s, kind) => {
      const labels = labelsOf(s.n, s.classes);
      const before = Int32Array.from(labels);
      const result = corrupt(labels, s.fraction, selectedLaw(kind, s.classes), randomSource(s.seed));
      assert.is(result.selected, Math.round(s.fraction * s.n));
      assert.is(changes(labels, result.labels), result.selected);
      assert.equal(labels, before, "the input is left alone");
      result.labels.forEach((label, row) => {
        assert.ok(label >= 0 && label < s.classes);
        if (kind === "pair-flip" && label !== labels[row]) assert.is(label, (labels[row] + 1) % s.classes);
      });
    }),
  );
});

test("uniform-any changes at most round(fraction · n) labels", () => {
  fc.assert(
    fc.property(scene, (s) => {
      const labels = labelsOf(s.n, s.classes);
      const result = corrupt(labels, s.fraction, selectedLaw("uniform-any", s.classes), randomSource(s.seed));
      assert.is(result.selected, Math.round(s.fraction * s.n));
      assert.ok(changes(labels, result.labels) <= result.selected);
    }),
  );
});

test("the same seed gives the same labels, another one others", () => {
  const labels = labelsOf(500, 3);
  const law = selectedLaw("uniform-other", 3);
  const of = (seed: string) => corrupt(labels, 0.5, law, randomSource(seed)).labels;
  assert.equal(of("a"), of("a"));
  assert.not.equal(of("a"), of("b"));
});

test("labels come as often as the transition says: within 5 standard errors over 60,000 examples", () => {
  const n = 60_000;
  const classes = 3;
  const matrix = [
    [0.5, 0.5, 0],
    [0, 0, 1],
    [0.2, 0.3, 0.5],
  ];
  for (const law of [
    matrix,
    selectedLaw("uniform-other", 3),
    selectedLaw("uniform-any", 3),
    selectedLaw("pair-flip", 3),
  ]) {
    const labels = labelsOf(n, classes);
    const { labels: given, selected } = corrupt(labels, 0.4, law, randomSource("frequencies"));
    const expected = transition(selected / n, law);
    for (let from = 0; from < classes; from += 1) {
      const mine = labels.reduce((count, label) => count + (label === from ? 1 : 0), 0);
      for (let to = 0; to < classes; to += 1) {
        const found = labels.reduce(
          (count, label, row) => count + (label === from && given[row] === to ? 1 : 0),
          0,
        );
        const p = expected[from][to];
        const error = Math.sqrt((p * (1 - p)) / mine);
        assert.ok(Math.abs(found / mine - p) <= 5 * error, `${from} → ${to}: ${found / mine}, not ${p}`);
        if (law[from][to] === 0 && from !== to) assert.is(found, 0);
      }
    }
  }
});

test("every row of a transition sums to 1; uniform-other at ρ is 1 − ρ and ρ / (K − 1)", () => {
  fc.assert(
    fc.property(
      scene,
      fc.constantFrom("uniform-other" as const, "uniform-any" as const, "pair-flip" as const),
      (s, kind) => {
        for (const row of transition(s.fraction, selectedLaw(kind, s.classes))) {
          assert.ok(Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-12);
        }
      },
    ),
  );
  assert.equal(transition(0.5, selectedLaw("uniform-other", 3))[1], [0.25, 0.5, 0.25]);
  assert.equal(transition(0.5, selectedLaw("uniform-any", 2))[0], [0.75, 0.25]);
  assert.equal(transition(1, selectedLaw("pair-flip", 3))[2], [1, 0, 0]);
});

test.run();
