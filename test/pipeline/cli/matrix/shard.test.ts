import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseShard, shareOf } from "../../../../pipeline/cli/matrix/shard.js";

const test = suite("shares of a matrix");

test("every run is in exactly one share, and shares differ by one run at most", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 12 }), (runs, of) => {
      const shares = Array.from({ length: of }, (_, index) => shareOf(runs, { number: index + 1, of }));
      assert.equal(shares.flat().sort(), [...runs].sort());
      const sizes = shares.map(({ length }) => length);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
    }),
  );
});

test("a share is written i/n, from 1/n to n/n", () => {
  assert.equal(parseShard("2/4"), { number: 2, of: 4 });
  for (const text of ["", "2", "0/4", "5/4", "1/0", "1/4/5", "-1/4", "1.5/4", "a/b"]) {
    assert.throws(
      () => parseShard(text),
      (error: { code: string; exitCode: number }) => error.code === "BAD_FLAG_VALUE" && error.exitCode === 2,
    );
  }
});

test.run();
