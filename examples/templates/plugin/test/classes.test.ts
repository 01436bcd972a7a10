import { suite } from "uvu";
import * as assert from "uvu/assert";
import { changedShare, predictedClasses } from "../src/classes.js";

const law = suite("classes");

law("the class is the largest output, of the examples of one split", () => {
  const split = ["train", "test", "train"];
  const id = Int32Array.of(4, 4, 9);
  const values = Float32Array.of(0, 1, /**/ 1, 0, /**/ -1, -2);
  assert.equal(
    [...predictedClasses({ split, id, values }, 2, "train")],
    [
      [4, 1],
      [9, 0],
    ],
  );
});

law("the share is of the examples in both, and lies between nothing and all", () => {
  const before = new Map([
    [1, 0],
    [2, 1],
    [3, 2],
  ]);
  assert.is(changedShare(before, before), 0);
  assert.is(
    changedShare(
      before,
      new Map([
        [1, 0],
        [2, 2],
        [7, 0],
      ]),
    ),
    0.5,
  );
  assert.is(changedShare(before, new Map([[3, 0]])), 1);
});

law.run();
