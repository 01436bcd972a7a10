import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { chooseStop, excess, excessThreshold, noiseVariance } from "../../../engine/theory/stopping.js";

const test = suite("engine/theory/stopping");

const size = { rank: 50, dimension: 1000 };
/** A residual of this excess over unit noise. */
const splitAt = (step: number, over: number) => ({
  ...{ step, epoch: step / 10 },
  informationNorm: Math.sqrt(size.rank * over),
  nuisanceNorm: Math.sqrt(size.dimension - size.rank),
});

test("of unit noise the excess is 1 and the variance 1; of noise twice as large as well", () => {
  const split = splitAt(0, 1);
  assert.ok(Math.abs(excess(split, size) - 1) < 1e-12);
  assert.ok(Math.abs(noiseVariance(split, size) - 1) < 1e-12);
  const double = {
    ...split,
    informationNorm: 2 * split.informationNorm,
    nuisanceNorm: 2 * split.nuisanceNorm,
  };
  assert.ok(Math.abs(excess(double, size) - 1) < 1e-12);
  assert.ok(Math.abs(noiseVariance(double, size) - 4) < 1e-12);
});

test("Gaussian noise stays below the threshold of two deviations in 93 to 99 of 100 draws, and signal does not", () => {
  const random = randomSource("noise");
  const threshold = excessThreshold(size, 2);
  let [below, signalBelow] = [0, 0];
  const draws = 400;
  for (let draw = 0; draw < draws; draw += 1) {
    const squares = (count: number) => {
      let sum = 0;
      for (let at = 0; at < count; at += 1) sum += random.normal() ** 2;
      return sum;
    };
    const [information, nuisance] = [squares(size.rank), squares(size.dimension - size.rank)];
    const split = { step: 0, epoch: 0, nuisanceNorm: Math.sqrt(nuisance) };
    if (excess({ ...split, informationNorm: Math.sqrt(information) }, size) <= threshold) below += 1;
    // One direction that is five deviations of the noise in all coordinates together.
    const signal = information + 5 * Math.sqrt(2 * size.rank);
    if (excess({ ...split, informationNorm: Math.sqrt(signal) }, size) <= threshold) signalBelow += 1;
  }
  assert.ok(below >= 0.93 * draws && below <= 0.99 * draws, `${below}`);
  assert.ok(signalBelow <= 0.02 * draws, `${signalBelow}`);
});

test("the first evaluation at noise level is taken, whatever comes after; without one the nearest to it", () => {
  const excesses = fc.array(fc.double({ min: 0.1, max: 9, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(excesses, (values) => {
      const splits = values.map((value, step) => splitAt(step, value));
      const threshold = excessThreshold(size, 2);
      const { at, reason } = chooseStop(splits, size, threshold)!;
      const reached = splits.findIndex((split) => excess(split, size) <= threshold);
      assert.is(reason, reached >= 0 ? "noise-level" : "least-excess");
      assert.is(at.step, reached >= 0 ? reached : values.indexOf(Math.min(...values)));
    }),
  );
  assert.is(chooseStop([], size, 1.4), undefined);
});

test("more directions tell signal from noise more sharply", () => {
  assert.ok(excessThreshold({ rank: 200, dimension: 1000 }, 2) < excessThreshold(size, 2));
  assert.ok(Math.abs(excessThreshold({ rank: 50, dimension: 1e9 }, 2) - 1.4) < 1e-6);
});

test.run();
