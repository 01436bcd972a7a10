import { suite } from "uvu";
import * as assert from "uvu/assert";
import { architectures, expandArchitecture } from "../../../engine/network/architectures.js";
import { type InitialisationName, initialParameters } from "../../../engine/network/initialisation.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import { parseNetwork } from "../../../engine/network/parse.js";
import { randomSource } from "../../../engine/random.js";
import { golden } from "../../support/golden.js";

const test = suite("architectures and initialisation");

const image = { input: [32, 32, 3], outputs: 10 } as const;

/** What two networks have in common once defaults are written out. */
function layoutOf(network: Network) {
  return parameterLayout(network).tensors;
}

for (const [norm, name] of [
  ["none", "resnet20-plain"],
  ["batch", "resnet20-pretrained"],
] as const) {
  test(`resnet20 with norm ${norm} is the network of golden case ${name}`, () => {
    const { network, expected } = golden(name);
    const ours = expandArchitecture("resnet20", { ...image, outputs: expected.classes, norm });
    const withoutHead = (each: Network) => each.layers.slice(0, -1);
    assert.equal(withoutHead(ours), withoutHead(network));
    assert.equal(layoutOf(ours), layoutOf(network));
  });
}

test("every architecture expands to a network without mistakes", () => {
  for (const { name } of architectures) {
    const network = expandArchitecture(name, image);
    assert.is(parseNetwork(network), network);
  }
});

test("a deeper ResNet has the parameters of its paper", () => {
  const count = (name: string) =>
    parameterLayout(expandArchitecture(name, { ...image, norm: "batch" })).trainableCount;
  assert.equal(
    [20, 32, 44, 56].map((depth) => count(`resnet${depth}`)),
    [269722, 464154, 658586, 853018],
  );
});

test("options an architecture does not know, or cannot take, are errors that name them", () => {
  const refused = (name: string, options: object, message: RegExp) =>
    assert.throws(() => expandArchitecture(name, { ...image, ...options }), message);
  refused("resnet20", { hidden: [3] }, /resnet20: it has no option "hidden"/);
  refused("mlp", { hidden: [128, 0] }, /positive integers, not 128,0/);
  refused("mlp", { norm: "batch" }, /no option "norm"/);
  refused("one-hidden-layer", { hidden: [3, 4] }, /one hidden layer, not 2/);
  refused("mlp", { activation: "swish" }, /not swish/);
  refused("resnet21", {}, /no architecture "resnet21"/);
  assert.throws(() => expandArchitecture("lenet", { input: [8, 8, 1], outputs: 2 }), /"conv2": kernel 5×5/);
});

function initial(network: Network, initialisation: InitialisationName, outputScale = 1, seed = "seed") {
  const { normal } = randomSource(seed);
  const parameters = initialParameters(network, { initialisation, outputScale, normal });
  return (name: string) => {
    const slot = parameterLayout(network).tensors.find((tensor) => tensor.name === name);
    assert.ok(slot, name);
    return parameters.subarray(slot.offset, slot.offset + slot.size);
  };
}

const deviation = (values: Float32Array) => Math.hypot(...values) / Math.sqrt(values.length);

test("kernels have the deviation of their law, and the last one outputScale times it", () => {
  const network = expandArchitecture("mlp", { input: [200], outputs: 50, hidden: [100] });
  const wanted = { he: [2 / 200, 2 / 100], glorot: [2 / 300, 2 / 150], lecun: [1 / 200, 1 / 100] } as const;
  for (const [law, [first, last]] of Object.entries(wanted)) {
    const tensor = initial(network, law as InitialisationName, 0.1);
    assert.ok(Math.abs(deviation(tensor("hidden1/kernel")) / Math.sqrt(first) - 1) < 0.03, law);
    assert.ok(Math.abs(deviation(tensor("logits/kernel")) / (0.1 * Math.sqrt(last)) - 1) < 0.05, law);
    assert.ok(tensor("hidden1/bias").every((value) => value === 0));
  }
});

test("the theory's network starts from N(0, 1) and signs ±1/√(kK)", () => {
  const tensor = initial(
    expandArchitecture("one-hidden-layer", { input: [30], outputs: 4, hidden: 400 }),
    "theory",
  );
  assert.ok(Math.abs(deviation(tensor("hidden/kernel")) - 1) < 0.03);
  const size = Math.fround(1 / Math.sqrt(1600));
  const signs = tensor("out/kernel");
  assert.ok(signs.every((value) => Math.abs(value) === size));
  assert.ok(Math.abs(signs.reduce((sum, value) => sum + Math.sign(value), 0)) < 160);
});

test("batch normalisation starts as the identity", () => {
  const tensor = initial(expandArchitecture("resnet20", { ...image, norm: "batch" }), "he");
  for (const [part, value] of [
    ["gamma", 1],
    ["beta", 0],
    ["movingMean", 0],
    ["movingVariance", 1],
  ] as const) {
    assert.ok(
      tensor(`stage2-block1-norm1/${part}`).every((each) => each === value),
      part,
    );
  }
});

test("the same seed gives the same parameters, another seed others, a scale none but the last kernel", () => {
  const network = expandArchitecture("lenet", { input: [28, 28, 1], outputs: 3 });
  const [one, same, scaled, other] = [
    initial(network, "he"),
    initial(network, "he"),
    initial(network, "he", 0.5),
    initial(network, "he", 1, "another"),
  ];
  assert.equal(one("conv1/kernel"), same("conv1/kernel"));
  assert.equal(one("dense2/kernel"), scaled("dense2/kernel"));
  assert.not.equal(one("conv1/kernel"), other("conv1/kernel"));
  one("logits/kernel").forEach((value, index) => {
    assert.ok(Math.abs(scaled("logits/kernel")[index] - value / 2) <= 1e-7 * Math.abs(value));
  });
});

test.run();
