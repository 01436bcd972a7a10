import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  centredLabelTarget,
  cleanTransition,
  constantEnergy,
  empiricalTransition,
  labelChangeTarget,
  labelNoiseTarget,
  labelTarget,
  residualTarget,
} from "../../../engine/spectrum/targets.js";

const test = suite("targets");
const energy = (vector: Float64Array) => vector.reduce((sum, value) => sum + value * value, 0);
const nearly = (value: number, expected: number, tolerance = 1e-12) =>
  assert.ok(Math.abs(value - expected) <= tolerance, `${value} is not ${expected}`);

/** Every class `each` times, and labels that split each class exactly as uniform-other at `fraction` would. */
function balanced(
  classes: number,
  each: number,
  fraction: number,
): { clean: Int32Array; labels: Int32Array } {
  const clean = Int32Array.from({ length: classes * each }, (_, i) => Math.floor(i / each));
  const changed = Math.round(fraction * each);
  const labels = clean.map((c, i) => {
    const place = i % each;
    return place < changed ? (c + 1 + (place % (classes - 1))) % classes : c;
  });
  return { clean, labels };
}

function uniformOther(classes: number, fraction: number): number[][] {
  return cleanTransition(classes).map((row) =>
    row.map((same) => (same === 1 ? 1 - fraction : fraction / (classes - 1))),
  );
}

test("labels are one-hot and sample-major", () => {
  assert.equal(Array.from(labelTarget(Int32Array.of(2, 0), 3)), [0, 0, 1, 1, 0, 0]);
});

test("a balanced one-hot label has 1/K of its energy on the constant directions, centred ones none", () => {
  const { clean } = balanced(4, 5, 0);
  nearly(constantEnergy(labelTarget(clean, 4), 4), 1 / 4);
  nearly(constantEnergy(centredLabelTarget(clean, 4), 4), 0);
  nearly(energy(centredLabelTarget(clean, 4)), 20 * (1 - 1 / 4));
});

test("constant energy lies in [0, 1] and is 1 for a constant vector", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      (values, classes) => {
        const vector = Float64Array.from(
          { length: values.length * classes },
          (_, i) => values[i % values.length],
        );
        // Squares of smaller numbers have lost their digits.
        fc.pre(energy(vector) === 0 || energy(vector) > 1e-300);
        const share = constantEnergy(vector, classes);
        assert.ok(Number.isNaN(share) ? energy(vector) === 0 : share >= 0 && share <= 1 + 1e-12);
      },
    ),
  );
  nearly(constantEnergy(Float64Array.of(1, 2, 1, 2, 1, 2), 2), 1);
  assert.ok(Number.isNaN(constantEnergy(new Float64Array(4), 2)));
});

test("the residual is f − y, and softmax(f) − y under cross-entropy, without overflow", () => {
  const predictions = Float32Array.of(0.5, -1, 1000, 0);
  const labels = Int32Array.of(0, 1);
  assert.equal(Array.from(residualTarget(predictions, labels, "squared")), [-0.5, -1, 1000, -1]);
  const soft = residualTarget(predictions, labels, "cross-entropy");
  const first = 1 / (1 + Math.exp(-1.5));
  nearly(soft[0], first - 1);
  nearly(soft[1], 1 - first);
  nearly(soft[2], 1);
  nearly(soft[3], -1);
});

test("the label change has two units of energy for every changed label and none for the others", () => {
  const { clean, labels } = balanced(3, 8, 0.5);
  const change = labelChangeTarget(labels, clean, 3);
  nearly(energy(change), 2 * 12);
  assert.is(energy(labelChangeTarget(clean, clean, 3)), 0);
});

test("label noise is the label minus its expectation given the true class: uniform-other at ρ by design §2", () => {
  const [classes, fraction] = [3, 0.5];
  const { clean, labels } = balanced(classes, 8, fraction);
  const noise = labelNoiseTarget(labels, clean, uniformOther(classes, fraction));
  const first = [0, 1, 2].map(
    (k) => (labels[0] === k ? 1 : 0) - (clean[0] === k ? 1 - fraction : fraction / 2),
  );
  assert.equal(Array.from(noise.subarray(0, 3)), first);
  for (let c = 0; c < classes; c += 1) {
    for (let k = 0; k < classes; k += 1) {
      let sum = 0;
      for (let i = c * 8; i < (c + 1) * 8; i += 1) sum += noise[i * classes + k];
      nearly(sum, 0);
    }
  }
});

test("a share ρK/(2(K−1)) of the energy of the label change is a function of the true class", () => {
  for (const [classes, fraction] of [
    [3, 0.5],
    [5, 0.25],
  ] as const) {
    const { clean, labels } = balanced(classes, 16 * (classes - 1), fraction);
    const change = energy(labelChangeTarget(labels, clean, classes));
    const noise = energy(labelNoiseTarget(labels, clean, uniformOther(classes, fraction)));
    nearly(1 - noise / change, (fraction * classes) / (2 * (classes - 1)));
  }
});

test("the empirical transition of exactly split labels is the true one; an absent class has none", () => {
  const { clean, labels } = balanced(4, 12, 0.25);
  const found = empiricalTransition(labels, clean, 5);
  const expected = uniformOther(4, 0.25);
  for (let c = 0; c < 4; c += 1) for (let k = 0; k < 4; k += 1) nearly(found[c][k], expected[c][k]);
  assert.equal(found[4], [0, 0, 0, 0, 0]);
  assert.is(energy(labelNoiseTarget(clean, clean, cleanTransition(4))), 0);
});

test.run();
