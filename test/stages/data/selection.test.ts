import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { allClasses, selectExamples } from "../../../stages/data/selection.js";

const test = suite("stages/data/selection");

const labelsArbitrary = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 });
const classesArbitrary = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 5 });

const howMany = (labels: readonly number[], label: number) => labels.filter((one) => one === label).length;

test("takes the first ones of each class, as many of each, in file order, relabelled by the order of classes", () => {
  fc.assert(
    fc.property(labelsArbitrary, classesArbitrary, fc.nat(40), (labels, classes, wish) => {
      const most = classes.length * Math.min(...classes.map((label) => howMany(labels, label)));
      const count = Math.min(wish, most);
      const { positions, labels: given } = selectExamples(labels, classes, count, "train", "p");
      assert.is(positions.length, count);
      for (let row = 1; row < count; row += 1) assert.ok(positions[row] > positions[row - 1]);
      classes.forEach((label, index) => {
        const mine = [...positions].filter((position) => labels[position] === label);
        const share = Math.floor(count / classes.length);
        assert.is(mine.length, share + (index < count % classes.length ? 1 : 0));
        const all = labels.flatMap((one, position) => (one === label ? [position] : []));
        assert.equal(mine, all.slice(0, mine.length));
      });
      positions.forEach((position, row) => {
        assert.is(classes[given[row]], labels[position]);
      });
    }),
  );
});

test("without a count it takes every example of the classes and no other", () => {
  fc.assert(
    fc.property(labelsArbitrary, classesArbitrary, (labels, classes) => {
      fc.pre(classes.every((label) => labels.includes(label)));
      const { positions } = selectExamples(labels, classes, undefined, "train", "p");
      assert.equal(
        [...positions],
        labels.flatMap((label, position) => (classes.includes(label) ? [position] : [])),
      );
    }),
  );
});

test("a class with fewer examples than its share is an error that names it", () => {
  assert.throws(
    () => selectExamples([0, 0, 1], [0, 1], 4, "test", "stages.data.with.test"),
    (error: Error & { code: string; place: string }) =>
      error.code === "TOO_FEW_EXAMPLES" &&
      error.message === "test: class 1 has 1 examples, 2 wanted" &&
      error.place === "stages.data.with.test",
  );
  assert.throws(
    () => selectExamples([0], [0, 7], undefined, "train", "p"),
    /class 7 has 0 examples, 1 wanted/,
  );
});

test("classes are all labels when these are 0 … K − 1, else an error that lists them", () => {
  assert.equal(allClasses([2, 0, 1, 1], "f"), [0, 1, 2]);
  assert.throws(() => allClasses([0, 1, 200], "f"), /the labels are 0, 1, 200, not 0 … 2/);
  assert.throws(() => allClasses([1, 2], "f"), /LABEL|labels are 1, 2/);
});

test.run();
