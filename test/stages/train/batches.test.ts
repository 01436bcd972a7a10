import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { epochBatches } from "../../../stages/train/batches.js";

const test = suite("stages/train/batches");
const ascending = (n: number) => Array.from({ length: n }, (_, index) => index);

test("the batches of an epoch are a permutation cut into equal pieces, the last one what is left", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(5),
      (n, wish, epoch) => {
        const size = Math.min(n, wish);
        const batches = epochBatches(n, size, "seed", epoch);
        assert.is(batches.length, Math.ceil(n / size));
        batches.forEach((batch, index) => {
          assert.is(batch.length, index < batches.length - 1 ? size : n - size * (batches.length - 1));
        });
        const all = batches.flatMap((batch) => [...batch]);
        assert.equal(
          all.sort((left, right) => left - right),
          ascending(n),
        );
      },
    ),
  );
});

test("full is one batch in order", () => {
  assert.equal(
    epochBatches(5, "full", "seed", 3).map((batch) => [...batch]),
    [[0, 1, 2, 3, 4]],
  );
});

test("an epoch's order depends on the seed and its number alone", () => {
  const order = (seed: string, epoch: number, size = 7) =>
    epochBatches(40, size, seed, epoch).flatMap((batch) => [...batch]);
  assert.equal(order("a", 2), order("a", 2));
  assert.equal(order("a", 2), order("a", 2, 40), "the size only cuts it");
  assert.not.equal(order("a", 2), order("a", 3));
  assert.not.equal(order("a", 2), order("b", 2));
});

test.run();
