import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { fullEigen } from "../../../engine/spectrum/symmetricEigen.js";
import {
  type LinearisedStart,
  linearisedBounds,
  linearisedState,
} from "../../../engine/theory/linearised.js";

const test = suite("engine/theory/linearised");

const norm = (vector: readonly number[]) => Math.hypot(...vector);

/** A random linear problem: J (m × p), r_0, and what linearisedState needs of them. */
function problem(seed: string, m: number, p: number, rank: number, share: number) {
  const random = randomSource(seed);
  const J = Array.from({ length: m }, () => Array.from({ length: p }, () => random.normal()));
  const r = Array.from({ length: m }, () => random.normal());
  const gram = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j < m; j += 1)
      gram[i * m + j] = J[i].reduce((sum, value, at) => sum + value * J[j][at], 0);
  }
  const count = Math.min(m, p);
  const { values, vectors } = fullEigen({ rows: m, columns: m, values: gram }, count);
  const coordinates = Float64Array.from({ length: count }, (_, s) =>
    r.reduce((sum, value, i) => sum + value * vectors.values[i * count + s], 0),
  );
  const outside = r.map((value, i) =>
    coordinates.reduce((left, coordinate, s) => left - coordinate * vectors.values[i * count + s], value),
  );
  const start: LinearisedStart = {
    singularValues: values.map(Math.sqrt),
    coordinates,
    rest: norm(outside),
    rank,
    stepSize: share / values[0],
  };
  return { J, r, start };
}

const cases = fc.record({
  seed: fc.string(),
  m: fc.integer({ min: 2, max: 7 }),
  p: fc.integer({ min: 1, max: 9 }),
  steps: fc.integer({ min: 0, max: 60 }),
  share: fc.double({ min: 0.05, max: 1, noNaN: true }),
});

const close = (left: number, right: number, scale: number) =>
  Math.abs(left - right) <= 1e-9 * Math.max(scale, 1);

test("the state after t steps is that of gradient descent itself, step by step on the matrix", () => {
  fc.assert(
    fc.property(cases, ({ seed, m, p, steps, share }) => {
      const { J, r, start } = problem(seed, m, p, Math.min(m, p), share);
      let residual = [...r];
      const w = Array<number>(p).fill(0);
      for (let step = 0; step < steps; step += 1) {
        const gradient = w.map((_, at) => J.reduce((sum, row, i) => sum + row[at] * residual[i], 0));
        gradient.forEach((value, at) => {
          w[at] -= start.stepSize * value;
        });
        residual = r.map((value, i) => value + J[i].reduce((sum, entry, at) => sum + entry * w[at], 0));
      }
      const state = linearisedState(start, steps);
      assert.ok(close(Math.hypot(state.informationNorm, state.nuisanceNorm), norm(residual), norm(r)));
      // A tiny σ makes w huge in its direction and its coordinate inexact: compare with the size of J_I† r.
      assert.ok(close(state.distance, norm(w), 1e3 * norm(w)));
    }),
    { numRuns: 60 },
  );
});

test("the bounds hold at T steps for every cut and Γ wherever ησ₁² ≤ 1", () => {
  fc.assert(
    fc.property(cases, fc.double({ min: 1, max: 5, noNaN: true }), fc.nat(), (one, gamma, cut) => {
      const rank = 1 + (cut % Math.min(one.m, one.p));
      const { start } = problem(one.seed, one.m, one.p, rank, one.share);
      const alpha = start.singularValues[rank - 1];
      const bounds = linearisedBounds(start, alpha, gamma);
      const state = linearisedState(start, bounds.steps);
      assert.ok(bounds.stability <= 1 + 1e-12);
      assert.ok(Math.hypot(state.informationNorm, state.nuisanceNorm) <= bounds.residual * (1 + 1e-9));
      assert.ok(state.distance <= bounds.distance * (1 + 1e-9));
    }),
    { numRuns: 100 },
  );
});

test("nothing has moved after no step; in the end all that J reaches is learnt", () => {
  const { start } = problem("ends", 6, 4, 2, 0.9);
  const first = linearisedState(start, 0);
  assert.is(first.distance, 0);
  assert.ok(
    close(
      Math.hypot(first.informationNorm, first.nuisanceNorm),
      Math.hypot(...start.coordinates, start.rest),
      1,
    ),
  );
  const last = linearisedState(start, 1e7);
  assert.ok(last.informationNorm < 1e-9);
  assert.ok(close(last.nuisanceNorm, start.rest, 1));
});

test.run();
