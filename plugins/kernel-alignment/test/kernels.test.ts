import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { alignment, type Centring } from "../src/alignment.js";
import { distance } from "../src/distance.js";
import { kernelOf } from "../src/kernel.js";
import { basisOf, centredKernel, type Dense, gram, inner, kernelMatrix, orthonormal } from "./dense.js";

const law = suite("kernel alignment and distance");

const outputs = 2;
const size = 12;
/** Vectors come as float32. */
const rounding = 2e-6;

const seed = fc.integer({ min: 0, max: 1e6 }).map(String);
const spectrum = fc
  .array(fc.double({ min: 0.01, max: 3, noNaN: true }), { minLength: size, maxLength: size })
  .map((values) => values.sort((left, right) => right - left));
const rank = fc.integer({ min: 1, max: size });
const classes = fc
  .array(fc.integer({ min: 0, max: outputs - 1 }), { minLength: size / outputs, maxLength: size / outputs })
  .filter((labels) => new Set(labels).size === outputs);

const oneHot = (labels: readonly number[]) =>
  Float64Array.from(labels.flatMap((label) => [0, 1].map((output) => (label === output ? 1 : 0))));

/** ⟨A, B⟩_F / (‖A‖ ‖B‖). */
const cosine = (left: Dense, right: Dense) =>
  inner(left.values, right.values) /
  Math.sqrt(inner(left.values, left.values) * inner(right.values, right.values));

const near = (found: number, wanted: number, tolerance: number) =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found} is not ${wanted} ± ${tolerance}`);

function denseAlignment(kernel: Dense, target: Float64Array, centring: Centring): number {
  const labels = kernelMatrix([target], [1]);
  if (centring === "none") return cosine(kernel, labels);
  return cosine(centredKernel(kernel, outputs), centredKernel(labels, outputs));
}

for (const centring of ["outputs", "none"] as const) {
  law(
    `alignment with centring ${centring} is the dense formula's at full rank, and within its bound at any rank`,
    () =>
      fc.assert(
        fc.asyncProperty(seed, spectrum, rank, classes, async (vectorsSeed, values, r, labels) => {
          const vectors = orthonormal(vectorsSeed, size);
          const target = oneHot(labels);
          const wanted = denseAlignment(kernelMatrix(vectors, values), target, centring);
          const all = await alignment(
            kernelOf(basisOf(vectors, values, size)),
            target,
            outputs,
            centring,
            gram,
          );
          near(all.value, wanted, rounding);
          near(all.bound, 0, rounding);
          const some = await alignment(
            kernelOf(basisOf(vectors, values, r)),
            target,
            outputs,
            centring,
            gram,
          );
          near(some.value, wanted, some.bound + rounding);
        }),
        { numRuns: 60 },
      ),
  );
}

law("distance is the dense formula's at full rank, and within its bound at any two ranks", () =>
  fc.assert(
    fc.asyncProperty(seed, seed, spectrum, spectrum, rank, rank, async (s, t, values, others, r, q) => {
      const [one, other] = [orthonormal(s, size), orthonormal(t, size)];
      const wanted = 1 - cosine(kernelMatrix(one, values), kernelMatrix(other, others));
      const all = [kernelOf(basisOf(one, values, size)), kernelOf(basisOf(other, others, size))] as const;
      const whole = await distance(...all, gram);
      near(whole.value, wanted, rounding);
      near(whole.bound, 0, rounding);
      const some = [kernelOf(basisOf(one, values, r)), kernelOf(basisOf(other, others, q))] as const;
      const cut = await distance(...some, gram);
      near(cut.value, wanted, cut.bound + rounding);
      near((await distance(some[1], some[0], gram)).value, cut.value, 1e-12);
      near((await distance(some[1], some[0], gram)).bound, cut.bound, 1e-12);
    }),
    { numRuns: 60 },
  ),
);

law("a bound tells something: little where little is left out, less at a higher rank", async () => {
  const vectors = orthonormal("a", size);
  const values = Array.from({ length: size }, (_, index) => 3 ** -index);
  const target = oneHot([0, 1, 0, 0, 1, 1]);
  const bounds = [];
  for (const r of [2, 4, 6]) {
    const kernel = kernelOf(basisOf(vectors, values, r));
    const { bound } = await alignment(kernel, target, outputs, "outputs", gram);
    const moved = await distance(kernel, kernelOf(basisOf(orthonormal("b", size), values, r)), gram);
    bounds.push(Math.max(bound, moved.bound));
  }
  assert.ok(bounds[0] < 0.05 && bounds[1] < 1e-3 && bounds[2] < 1e-5, String(bounds));
});

law("scale, signs of vectors and the order of the examples change neither", async () => {
  const vectors = orthonormal("c", size);
  const values = Array.from({ length: size }, (_, index) => 1 / (1 + index));
  const labels = [0, 1, 1, 0, 1, 0];
  const order = [3, 0, 5, 1, 4, 2];
  const permuted = vectors.map((vector) =>
    Float64Array.from(order.flatMap((row) => [vector[row * 2], vector[row * 2 + 1]])),
  );
  const kernel = kernelOf(basisOf(vectors, values, 5));
  const reference = await alignment(kernel, oneHot(labels), outputs, "outputs", gram);
  const negated = vectors.map((vector) => vector.map((value) => -value));
  const larger = values.map((value) => 7 * value);
  for (const [changed, sigma, own] of [
    [vectors, larger, labels],
    [negated, values, labels],
    [permuted, values, order.map((row) => labels[row])],
  ] as const) {
    const other = kernelOf(basisOf(changed, sigma, 5));
    const found = await alignment(other, oneHot(own), outputs, "outputs", gram);
    near(found.value, reference.value, rounding);
    near(found.bound, reference.bound, rounding);
    if (changed === permuted) continue;
    near((await distance(kernel, other, gram)).value, 0, rounding);
  }
});

law(
  "alignment is 1 for the kernel of the labels, distance 1 for kernels with nothing in common",
  async () => {
    const target = oneHot([0, 0, 1, 1, 0, 1]);
    const centre = target.map((value) => value - 0.5);
    const norm = Math.sqrt(inner(centre, centre));
    const first = centre.map((value) => value / norm);
    const one = kernelOf(basisOf([first], [2], 1));
    near((await alignment(one, target, outputs, "outputs", gram)).value, 1, rounding);
    const vectors = orthonormal("d", size);
    const apart = [kernelOf(basisOf([vectors[0]], [1], 1)), kernelOf(basisOf([vectors[1]], [1], 1))] as const;
    near((await distance(...apart, gram)).value, 1, rounding);
  },
);

law("labels of one class, which say nothing once centred, have no alignment", async () => {
  const kernel = kernelOf(basisOf(orthonormal("e", size), new Array(size).fill(1), 3));
  const { value } = await alignment(kernel, oneHot([1, 1, 1, 1, 1, 1]), outputs, "outputs", gram);
  assert.ok(Number.isNaN(value));
});

law.run();
