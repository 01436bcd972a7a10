import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../engine/random.js";

const test = suite("random source");

test("the same seed gives the same numbers and another seed others", () => {
  const draw = (seed: string) => {
    const source = randomSource(seed);
    return [source.uniform(), source.normal(), source.integer(1000), ...source.permutation(20)];
  };
  assert.equal(draw("7/noise/labels"), draw("7/noise/labels"));
  assert.not.equal(draw("7/noise/labels"), draw("7/noise/labelt"));
});

test("the numbers of a seed never change from release to release", () => {
  const source = randomSource("jacoflow");
  const seen = [source.uniform(), source.uniform(), source.normal(), source.normal()];
  assert.equal(seen, [0.31801141955337253, 0.023093494917726165, -2.071715919761365, 1.9378416423825866]);
  assert.equal([...source.permutation(8)], [3, 6, 4, 5, 7, 2, 0, 1]);
});

test("normals have mean 0, variance 1 and kurtosis 3 within sampling error", () => {
  const source = randomSource("moments");
  const count = 200_000;
  let [first, second, fourth] = [0, 0, 0];
  for (let draw = 0; draw < count; draw += 1) {
    const value = source.normal();
    first += value / count;
    second += value ** 2 / count;
    fourth += value ** 4 / count;
  }
  assert.ok(Math.abs(first) < 0.01, `mean ${first}`);
  assert.ok(Math.abs(second - 1) < 0.015, `variance ${second}`);
  assert.ok(Math.abs(fourth - 3) < 0.15, `kurtosis ${fourth}`);
});

test("integers fill 0 … below − 1 evenly", () => {
  const source = randomSource("integers");
  const counts = new Array<number>(6).fill(0);
  for (let draw = 0; draw < 60_000; draw += 1) counts[source.integer(6)] += 1;
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 450, `${counts}`);
});

test("a permutation holds every index once", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 200 }), (seed, length) => {
      const sorted = randomSource(seed).permutation(length).sort();
      assert.equal(
        [...sorted],
        Array.from({ length }, (_, index) => index),
      );
    }),
    { numRuns: 50 },
  );
});

test.run();
