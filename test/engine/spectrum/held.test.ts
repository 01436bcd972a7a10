import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Matrix, Model } from "../../../engine/engine.js";
import { createNativeEngine } from "../../../engine/native/engine.js";
import { expandArchitecture } from "../../../engine/network/architectures.js";
import { initialParameters } from "../../../engine/network/initialisation.js";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { exactByRows } from "../../../engine/spectrum/exact.js";
import { heldSpectrum } from "../../../engine/spectrum/held.js";
import { streamedSpectrum } from "../../../engine/spectrum/streamed.js";
import { orthogonalityDefect } from "./matrices.js";

const test = suite("a spectrum of held rows");
const rank = 12;
const settings = () => ({
  ...{ rank, blockSize: 37, tolerance: 1e-6, maxSweeps: 20 },
  random: randomSource("held"),
});
const engine = await createNativeEngine({ threads: 2 });
const network = expandArchitecture("mlp", { input: [40], outputs: 3, hidden: [30, 20], activation: "tanh" });
const { normal } = randomSource("held examples");
const model: Model = await engine.open(network);
await model.load(initialParameters(network, { initialisation: "glorot", normal }));
const features: Matrix = { rows: 50, columns: 40, values: new Float32Array(50 * 40).map(() => normal()) };
test.after(() => engine.close());

for (const [name, algebra] of [
  ["the native engine", engine.algebra],
  ["TypeScript", inlineAlgebra()],
] as const) {
  test(`with the algebra of ${name}: values, bounds and vectors are those of the float64 Gram matrix`, async () => {
    const exact = await exactByRows(algebra, await model.gram(features), rank, "float32");
    const held = await heldSpectrum(model, algebra, features, settings());
    assert.ok(held.converged);
    assert.is(held.sweeps, 1);
    for (const [index, value] of exact.singularValues.entries()) {
      const error = Math.abs(held.singularValues[index] - value);
      assert.ok(error <= 1e-6 * value, `value ${index}: ${held.singularValues[index]} for ${value}`);
      assert.ok(error <= held.residualBounds[index] + 1e-6 * value);
    }
    assert.ok(Math.abs(held.nextSingularValue - exact.nextSingularValue) <= 1e-5 * exact.nextSingularValue);
    assert.ok(Math.abs(held.frobeniusSquared - exact.frobeniusSquared) <= 1e-6 * exact.frobeniusSquared);
    assert.ok((await orthogonalityDefect(algebra, [held.leftVectors])) <= 1e-6);
    assert.ok((await orthogonalityDefect(algebra, [held.rightBlock!])) <= 1e-5);
    const overlaps = await algebra.crossProduct(exact.leftVectors!, held.leftVectors);
    const energy = overlaps.values.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(energy - rank) <= 1e-4, `the two spaces share ${energy} of ${rank} dimensions`);
  });
}

test("rows that are held and rows that are computed again give the same spectrum", async () => {
  const held = await heldSpectrum(model, engine.algebra, features, settings());
  const streamed = await streamedSpectrum(model, engine.algebra, features, settings());
  for (const [index, value] of streamed.singularValues.entries()) {
    assert.ok(Math.abs(held.singularValues[index] - value) <= 2e-6 * value, `value ${index}`);
  }
});

test("fewer rows than the vectors asked for, and a Jacobian that is zero", async () => {
  const three: Matrix = { ...features, rows: 3, values: features.values.slice(0, 120) };
  const all = await heldSpectrum(model, engine.algebra, three, { ...settings(), rank: 9 });
  assert.is(all.nextSingularValue, 0);
  assert.ok(all.exact && all.singularValues[8] > 0);
  await model.load(new Float32Array(model.layout.totalCount));
  const zeroHidden = await heldSpectrum(model, engine.algebra, three, { ...settings(), rank: 5 });
  // Only the last layer's bias moves the outputs: K values of √n, the rest 0.
  const wanted = [Math.sqrt(3), Math.sqrt(3), Math.sqrt(3), 0, 0];
  wanted.forEach((value, index) => {
    assert.ok(Math.abs(zeroHidden.singularValues[index] - value) <= 1e-6, `value ${index}`);
  });
});

test.run();
