import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scalarActivations } from "../../../engine/network/activations.js";
import { erf } from "../../../engine/network/erf.js";
import { referenceModel } from "../../../engine/network/reference/reference.js";
import { golden, goldenNames } from "../../support/golden.js";
import { type RandomCase, smoothCase } from "../../support/randomNetworks.js";

const test = suite("float64 reference");

test("erf agrees with tables to 1e-15", () => {
  const table: [number, number][] = [
    [0, 0],
    [0.1, 0.1124629160182849],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.9999, 0.9999778955735178],
    [3, 0.9999779095030014],
    [3.5, 0.9999992569016276],
    [4, 0.9999999845827421],
  ];
  for (const [x, value] of table) {
    assert.ok(Math.abs(erf(x) - value) < 2e-15, `erf ${x} = ${erf(x)}`);
    assert.is(erf(-x), -erf(x));
  }
});

test("slopes of smooth activations are the derivatives of their values, far out too", () => {
  for (const [name, { value, slope }] of Object.entries(scalarActivations)) {
    if (name === "relu") continue;
    for (const z of [-30, -4, -1, -0.01, 0, 0.3, 2, 5, 30]) {
      const step = 1e-5;
      const difference = (value(z + step) - value(z - step)) / (2 * step);
      assert.ok(Math.abs(slope(z) - difference) < 1e-9, `${name} at ${z}: ${slope(z)}, ${difference}`);
    }
  }
  assert.is(scalarActivations.relu.slope(0), 0);
});

for (const name of goldenNames) {
  test(`logits of ${name} agree with PyTorch in float64`, () => {
    const { network, parameters, features, expected } = golden(name);
    const model = referenceModel(network);
    model.load(parameters);
    const examples = name.startsWith("resnet") ? 3 : features.rows;
    for (let index = 0; index < examples; index += 1) {
      const example = features.values.subarray(index * features.columns, (index + 1) * features.columns);
      model.forward(example).forEach((value, k) => {
        const wanted = expected.logits[index][k];
        assert.ok(Math.abs(value - wanted) <= 1e-12 * Math.max(1, Math.abs(wanted)), `${index}, ${k}`);
      });
    }
  });
}

for (const name of ["one-hidden-softplus", "mlp-tanh", "cnn-pool"] as const) {
  test(`‖J‖_F of ${name} agrees with PyTorch in float64`, () => {
    const { network, parameters, features, expected } = golden(name);
    const model = referenceModel(network);
    model.load(parameters);
    const rows = new Float64Array(model.outputs * model.layout.trainableCount);
    let sum = 0;
    for (let index = 0; index < features.rows; index += 1) {
      model.rows(features.values.subarray(index * features.columns, (index + 1) * features.columns), rows);
      for (const value of rows) sum += value * value;
    }
    assert.ok(Math.abs(Math.sqrt(sum) / expected.frobenius - 1) < 1e-11, `${Math.sqrt(sum)}`);
  });
}

/** Largest difference between rows of J and central differences of f, over some columns. */
function worstDifference({ network, parameters, features, examples }: RandomCase): number {
  const model = referenceModel(network);
  const columns = model.layout.trainableCount;
  const rows = new Float64Array(model.outputs * columns);
  const moved = Float64Array.from(parameters);
  const dimension = features.length / examples;
  const example = Array.from(features.subarray(0, dimension));
  model.load(parameters);
  model.rows(example, rows);
  const step = 1e-5;
  let worst = 0;
  for (let column = 0; column < columns; column += Math.ceil(columns / 60)) {
    moved[column] = parameters[column] + step;
    model.load(moved);
    const above = model.forward(example);
    moved[column] = parameters[column] - step;
    model.load(moved);
    const below = model.forward(example);
    moved[column] = parameters[column];
    for (let k = 0; k < model.outputs; k += 1) {
      const difference = (above[k] - below[k]) / (2 * step);
      const row = rows[k * columns + column];
      worst = Math.max(worst, Math.abs(difference - row) / Math.max(1, Math.abs(row)));
    }
  }
  return worst;
}

test("rows of J are the central differences of f on random stacks of layers", () => {
  fc.assert(
    fc.property(smoothCase, (network) => {
      const worst = worstDifference(network);
      assert.ok(worst < 1e-7, `off by ${worst}`);
    }),
    { numRuns: 60 },
  );
});

test("parameters and examples of the wrong size are refused", () => {
  const { network } = golden("mlp-tanh");
  const model = referenceModel(network);
  assert.throws(() => model.load(new Float32Array(3)), /parameter vector is 3 long/);
  assert.throws(() => model.forward(new Float32Array(3)), /an example is 3 numbers/);
});

test.run();
