import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { learningRateAfter, momentsOf } from "../../../stages/train/calendar.js";

const test = suite("stages/train/calendar");
const ten = { stepsPerEpoch: 10, epochs: 4 };
const sorted = (moments: ReadonlySet<number>) => [...moments].sort((left, right) => left - right);

test("every starts at 0 and always has the end", () => {
  assert.equal(sorted(momentsOf({ every: 1 }, ten)), [0, 10, 20, 30, 40]);
  assert.equal(sorted(momentsOf({ every: 3 }, ten)), [0, 30, 40]);
  assert.equal(sorted(momentsOf({ every: 9 }, ten)), [0, 40]);
  assert.equal(sorted(momentsOf({ every: 15, unit: "steps" }, ten)), [0, 15, 30, 40]);
});

test("at is exactly the list", () => {
  assert.equal(sorted(momentsOf({ at: [3, 1] }, ten)), [10, 30]);
  assert.equal(sorted(momentsOf({ at: [0, 7, 40], unit: "steps" }, ten)), [0, 7, 40]);
});

test("geometric is 0, 1, the powers rounded up, and the end", () => {
  assert.equal(
    sorted(momentsOf({ geometric: 2 }, { stepsPerEpoch: 10, epochs: 9 })),
    [0, 10, 20, 40, 80, 90],
  );
  assert.equal(
    sorted(momentsOf({ geometric: 1.5, unit: "steps" }, ten)),
    [0, 1, 2, 3, 4, 6, 8, 12, 18, 26, 39, 40],
  );
});

test("a training of no epochs has one moment, 0", () => {
  for (const rule of [{ every: 1 }, { geometric: 2 }, { at: [0] }]) {
    assert.equal(sorted(momentsOf(rule, { stepsPerEpoch: 10, epochs: 0 })), [0]);
  }
});

test("every moment is a whole step between 0 and the end", () => {
  fc.assert(
    fc.property(
      fc.record({ stepsPerEpoch: fc.integer({ min: 1, max: 50 }), epochs: fc.nat(30) }),
      fc.oneof(
        fc.record({
          every: fc.integer({ min: 1, max: 40 }),
          unit: fc.constantFrom("epochs" as const, "steps" as const),
        }),
        fc.record({
          geometric: fc.double({ min: 1.05, max: 4, noNaN: true }),
          unit: fc.constantFrom("epochs" as const, "steps" as const),
        }),
      ),
      (duration, rule) => {
        const end = duration.epochs * duration.stepsPerEpoch;
        const moments = sorted(momentsOf(rule, duration));
        assert.is(moments[0], 0);
        assert.is(moments.at(-1), end);
        assert.ok(moments.every((moment) => Number.isInteger(moment) && moment <= end));
        if (rule.unit === "epochs")
          assert.ok(moments.every((moment) => moment % duration.stepsPerEpoch === 0));
      },
    ),
  );
});

test("the learning rate changes with the first step after an epoch's end, and factors multiply", () => {
  const schedule = [
    { epoch: 2, factor: 0.1 },
    { epoch: 3, factor: 0.5 },
  ];
  const rates = [0, 19, 20, 29, 30, 100].map((step) => learningRateAfter(step, 0.8, schedule, 10));
  assert.equal(rates, [0.8, 0.8, 0.8 * 0.1, 0.8 * 0.1, 0.8 * 0.1 * 0.5, 0.8 * 0.1 * 0.5]);
  assert.is(learningRateAfter(0, 0.8, [{ epoch: 0, factor: 0.5 }], 10), 0.4);
});

test.run();
