import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compare, reference } from "../../bench/reference.js";
import { noTables } from "../../stages/sinks/report/tables.js";
import { bestEpoch, sampleTables, testError } from "../support/sampleRun.js";

const test = suite("bench/reference");

test("ranges that meet are ok, ranges apart are off, on either side and however they are rounded", () => {
  const line = { low: "0.11", high: "0.14" };
  assert.ok(compare(line, [0.05, 0.12]).ok);
  assert.ok(compare(line, [0.05, 0.3]).ok);
  assert.ok(compare(line, [0.08, 0.1051]).ok);
  assert.not.ok(compare(line, [0.08, 0.1049]).ok);
  assert.ok(compare(line, [0.1449, 0.2]).ok);
  assert.not.ok(compare(line, [0.1451, 0.2]).ok);
  // Each end is within half of its own last digit.
  assert.ok(compare({ low: "0.006", high: "0.02" }, [0.0249]).ok);
  assert.not.ok(compare({ low: "0.006", high: "0.02" }, [0.0054]).ok);
  assert.not.ok(compare(line, [0.12, Number.NaN]).ok, "a number that is missing");
});

test("inside counts the values of the reference's own range; mean and deviation are the sample's", () => {
  const found = compare({ low: "2", high: "7" }, [1, 2, 4, 9]);
  assert.is(found.inside, 2);
  assert.equal([found.lowest, found.highest, found.mean], [1, 9, 4]);
  assert.ok(Math.abs(found.deviation - Math.sqrt(38 / 3)) < 1e-12);
});

test("every line is read from the tables of a run: errors from metrics, ratios of the training examples", () => {
  const found = Object.fromEntries(reference.map(({ name, of }) => [name, of(sampleTables)]));
  const near = (name: string, value: number) =>
    assert.ok(Math.abs(found[name] - value) < 1e-12, `${name} is ${found[name]}, not ${value}`);
  near("clean labels, initial Jacobian", 0.915);
  near("labels as given, initial", 0.612);
  near("labels centred, initial", 0.235);
  near("label changes, initial", 0.541);
  near("unpredictable noise, initial", 0.093);
  assert.ok(found["unpredictable noise, final"] > 0.4);
  near("epoch of the best", bestEpoch);
  near("test error, best", testError(bestEpoch));
  near("test error, end", testError(150));
  for (const [name, value] of Object.entries(found)) assert.ok(Number.isFinite(value), name);
});

test("a run without such tables has no such numbers", () => {
  for (const { of } of reference) assert.ok(Number.isNaN(of(noTables)));
});

test.run();
