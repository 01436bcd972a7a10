import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { principalCosines } from "../../../engine/spectrum/angles.js";
import {
  type Cut,
  coordinatesOf,
  informationSpace,
  type LeftBasis,
  nuisancePart,
  projectOnto,
  rankOf,
} from "../../../engine/spectrum/projection.js";
import { matrixOfSpectrum } from "./matrices.js";

const test = suite("projection");
const algebra = inlineAlgebra();

/** A basis of `count` random orthonormal vectors of R^dimension, rounded to float32, with σ = count, count − 1, …. */
async function basisOf(dimension: number, count: number, seed: string, zeros = 0): Promise<LeftBasis> {
  const { left } = await matrixOfSpectrum(algebra, dimension, count, new Array(count).fill(1), seed);
  const vectors = new Float32Array(count * dimension);
  for (let s = 0; s < count; s += 1) {
    for (let i = 0; i < dimension; i += 1) vectors[s * dimension + i] = left.values[i * count + s];
  }
  const value = (index: number) => Math.max(0, count - zeros - index);
  const singularValues = Float64Array.from({ length: count }, (_, index) => value(index));
  const energy = singularValues.reduce((sum, sigma) => sum + sigma * sigma, 0);
  return {
    vectors: { rows: count, columns: dimension, values: vectors },
    singularValues,
    nextSingularValues: singularValues.map((_, index) => value(index + 1)),
    energyShares: singularValues.map((sigma) => (sigma * sigma) / energy),
  };
}

const rankCut = (rank: number): Cut => ({ by: "rank", rank });
const norm = (vector: Float64Array) => Math.hypot(...vector);

const problems = fc
  .tuple(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 0, max: 1000 }))
  .chain(([dimension, seed]) =>
    fc.record({
      dimension: fc.constant(dimension),
      seed: fc.constant(seed),
      count: fc.integer({ min: 1, max: dimension }),
      vector: fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
        minLength: dimension,
        maxLength: dimension,
      }),
    }),
  );

test("squares of both norms add up to that of the vector, and projecting twice changes nothing", async () => {
  await fc.assert(
    fc.asyncProperty(problems, async ({ dimension, seed, count, vector }) => {
      const basis = await basisOf(dimension, count, `basis ${seed}`);
      const space = await informationSpace(algebra, basis, rankCut(count));
      const v = Float64Array.from(vector);
      const [split] = await projectOnto(space, [v]);
      const total = norm(v) ** 2;
      assert.ok(
        Math.abs(split.informationNorm ** 2 + split.nuisanceNorm ** 2 - total) <= 1e-12 * total,
        "Pythagoras",
      );
      const outside = await nuisancePart(space, v, await coordinatesOf(space, v));
      const [again] = await projectOnto(space, [v.map((value, index) => value - outside[index])]);
      assert.ok(Math.abs(again.informationNorm - split.informationNorm) <= 1e-12 * norm(v), "idempotent");
      assert.ok(again.nuisanceNorm <= 1e-12 * norm(v), "nothing of Π_I v is nuisance");
    }),
    { numRuns: 60, seed: 2 },
  );
});

test("a basis rounded to float32 is re-orthonormalised: a vector inside it has no nuisance part", async () => {
  const basis = await basisOf(300, 20, "inside");
  const space = await informationSpace(algebra, basis, rankCut(20));
  const vector = Float64Array.from(basis.vectors.values.subarray(7 * 300, 8 * 300));
  const [split] = await projectOnto(space, [vector]);
  assert.ok(split.nuisanceNorm < 1e-14);
  assert.ok(Math.abs(split.informationRatio - 1) < 1e-14);
  assert.ok(Math.abs(split.pseudoInverseNorm - 1 / 13) < 1e-8);
  assert.is(split.randomRatio, Math.sqrt(20 / 300));
});

test("vectors split together as they do one by one", async () => {
  const space = await informationSpace(algebra, await basisOf(70, 9, "together"), rankCut(7));
  const random = randomSource("vectors");
  const vectors = Array.from({ length: 11 }, () => new Float64Array(70).map(random.normal));
  const together = await projectOnto(space, vectors);
  for (const [index, vector] of vectors.entries()) {
    const [alone] = await projectOnto(space, [vector]);
    const { directionEnergies, ...numbers } = alone;
    for (const [name, value] of Object.entries(numbers)) {
      const found = together[index][name as keyof typeof numbers];
      assert.ok(Math.abs(found - value) <= 1e-14 * value, `${name} of ${index}: ${found} and ${value}`);
    }
    directionEnergies.forEach((value, s) => {
      assert.ok(
        Math.abs(together[index].directionEnergies[s] - value) <= 1e-14,
        `direction ${s} of ${index}`,
      );
    });
  }
  assert.equal(await projectOnto(space, []), []);
});

test("the energies of the first directions add up to the energy of the space cut there", async () => {
  const basis = await basisOf(80, 12, "prefix");
  const random = randomSource("prefix vector");
  const vector = new Float64Array(80).map(random.normal);
  const [whole] = await projectOnto(await informationSpace(algebra, basis, rankCut(11)), [vector]);
  for (let rank = 0; rank <= 11; rank += 1) {
    const [cut] = await projectOnto(await informationSpace(algebra, basis, rankCut(rank)), [vector]);
    const sum = whole.directionEnergies.subarray(0, rank).reduce((total, value) => total + value, 0);
    assert.ok(
      Math.abs(sum - cut.informationEnergy) < 1e-14,
      `rank ${rank}: ${sum} and ${cut.informationEnergy}`,
    );
    assert.is(cut.directionEnergies.length, rank);
  }
});

test("a small nuisance part keeps its digits", async () => {
  const basis = await basisOf(50, 5, "small");
  const space = await informationSpace(algebra, basis, rankCut(4));
  const inside = basis.vectors.values.subarray(0, 50);
  const outside = basis.vectors.values.subarray(200, 250);
  const vector = Float64Array.from(inside, (value, index) => value + 1e-9 * outside[index]);
  const [split] = await projectOnto(space, [vector]);
  assert.ok(Math.abs(split.nuisanceNorm - 1e-9) < 1e-13);
});

test("the zero vector has norms 0 and no ratios", async () => {
  const space = await informationSpace(algebra, await basisOf(9, 3, "zero"), rankCut(2));
  const [split] = await projectOnto(space, [new Float64Array(9)]);
  assert.is(split.informationNorm, 0);
  assert.is(split.nuisanceNorm, 0);
  assert.ok(Number.isNaN(split.informationRatio) && Number.isNaN(split.informationEnergy));
});

test("rank, cut-off and energy share choose the rank they say, with cut-off and gap", async () => {
  const basis = await basisOf(30, 10, "cuts");
  assert.is(rankOf(basis, { by: "cutoff", cutoff: 4 }), 7);
  assert.is(rankOf(basis, { by: "cutoff", cutoff: 4.5 }), 6);
  assert.is(rankOf(basis, { by: "cutoff", cutoff: 100 }), 0);
  assert.is(rankOf(basis, { by: "energy", energy: 100 / 385 }), 1);
  assert.is(rankOf(basis, { by: "energy", energy: 101 / 385 }), 2);
  assert.is(rankOf(basis, { by: "energy", energy: 1 }), 10);
  const space = await informationSpace(algebra, basis, rankCut(6));
  assert.is(space.cutoff, 5);
  assert.is(space.gap, 5 / 4);
  assert.is((await informationSpace(algebra, basis, rankCut(10))).gap, Number.POSITIVE_INFINITY);
  assert.is((await informationSpace(algebra, basis, { by: "cutoff", cutoff: 4.5 })).cutoff, 4.5);
});

test("an empty information space leaves everything to nuisance", async () => {
  const space = await informationSpace(algebra, await basisOf(5, 2, "empty"), { by: "cutoff", cutoff: 9 });
  const [split] = await projectOnto(space, [Float64Array.of(3, 0, 0, 4, 0)]);
  assert.is(split.informationNorm, 0);
  assert.is(split.nuisanceNorm, 5);
  assert.is(split.pseudoInverseNorm, 0);
});

test("vectors of zero singular values are never part of the information space", async () => {
  const basis = await basisOf(30, 10, "zeros", 4);
  assert.is(rankOf(basis, rankCut(10)), 6);
  assert.is(rankOf(basis, { by: "cutoff", cutoff: 0 }), 6);
  const space = await informationSpace(algebra, basis, rankCut(10));
  assert.is(space.gap, Number.POSITIVE_INFINITY);
});

test("a basis that ends before the cut is a clear error", async () => {
  const whole = await basisOf(30, 10, "short");
  const basis: LeftBasis = {
    ...whole,
    nextSingularValues: whole.nextSingularValues.map((value) => value || 0.5),
    energyShares: whole.energyShares.map((share) => share * 0.9),
  };
  const cuts: Cut[] = [rankCut(11), { by: "cutoff", cutoff: 0.4 }, { by: "energy", energy: 0.95 }];
  for (const cut of cuts) {
    assert.throws(
      () => rankOf(basis, cut),
      (error: Error) => "code" in error && error.code === "BASIS_TOO_SHORT" && /10/.test(error.message),
    );
  }
});

test("principal cosines are 1 within a space, 0 between orthogonal ones, cos of the angle between lines", async () => {
  const basis = await basisOf(40, 12, "angles");
  const part = (first: number, count: number): LeftBasis => ({
    ...basis,
    vectors: {
      ...{ rows: count, columns: 40 },
      values: basis.vectors.values.slice(first * 40, (first + count) * 40),
    },
    singularValues: new Float64Array(count).fill(1),
    nextSingularValues: new Float64Array(count).fill(1),
  });
  const space = (first: number, count: number) =>
    informationSpace(algebra, part(first, count), rankCut(count));
  const [whole, left, right] = [await space(0, 12), await space(0, 6), await space(6, 6)];
  for (const cosine of await principalCosines(algebra, whole, left)) assert.ok(1 - cosine < 1e-14);
  for (const cosine of await principalCosines(algebra, left, right)) assert.ok(cosine < 1e-6);
  const angle = 1e-4;
  const turned = part(0, 1);
  for (let i = 0; i < 40; i += 1) {
    const [u, w] = [basis.vectors.values[i], basis.vectors.values[6 * 40 + i]];
    turned.vectors.values[i] = Math.cos(angle) * u + Math.sin(angle) * w;
  }
  const line = await informationSpace(algebra, turned, rankCut(1));
  const [cosine] = await principalCosines(algebra, await space(0, 1), line);
  assert.ok(Math.abs(cosine - Math.cos(angle)) < 1e-11);
});

test("the cosines of random spaces lie in [0, 1], descend, and do not depend on the order of the spaces", async () => {
  const random = randomSource("spaces");
  for (let round = 0; round < 5; round += 1) {
    const [a, b] = [1 + random.integer(10), 1 + random.integer(10)];
    const one = await informationSpace(algebra, await basisOf(20, a, `a ${round}`), rankCut(a));
    const other = await informationSpace(algebra, await basisOf(20, b, `b ${round}`), rankCut(b));
    const forth = await principalCosines(algebra, one, other);
    const back = await principalCosines(algebra, other, one);
    assert.is(forth.length, Math.min(a, b));
    for (let index = 0; index < forth.length; index += 1) {
      assert.ok(forth[index] >= 0 && forth[index] <= 1);
      assert.ok(index === 0 || forth[index] <= forth[index - 1]);
      assert.ok(Math.abs(forth[index] - back[index]) < 1e-13);
    }
  }
});

test.run();
