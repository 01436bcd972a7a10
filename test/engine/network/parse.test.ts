import { suite } from "uvu";
import * as assert from "uvu/assert";
import { networkProblems, parseNetwork } from "../../../engine/network/parse.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { golden, goldenNames } from "../../support/golden.js";

const test = suite("parsing a network");

const dense = (name: string, more: object = {}) => ({ type: "dense", name, units: 3, ...more });
const network = (...layers: unknown[]) => ({ input: [4], layers });

function problem(value: unknown): JacoflowError {
  const problems = networkProblems(value);
  assert.is(problems.length, 1, problems.map((each) => each.message).join("\n"));
  return problems[0];
}

for (const name of goldenNames) {
  test(`the network of golden case ${name} has no mistake`, () => {
    assert.equal(networkProblems(golden(name).network), []);
  });
}

const mistakes: [what: string, value: unknown, code: string, message: RegExp, remedy: RegExp][] = [
  ["a list in place of a network", [], "INVALID_NETWORK", /must be an object/, /input/],
  ["no layers", { input: [4], layers: [] }, "INVALID_NETWORK", /at least one layer/, /List/],
  ["an input of two sides", { input: [4, 4], layers: [dense("a")] }, "INVALID_NETWORK", /\[4,4\]/, /height/],
  [
    "a mistyped key of the network",
    { ...network(dense("a")), layer: [] },
    "INVALID_NETWORK",
    /unknown key "layer"/,
    /"layers"/,
  ],
  ["a mistyped type", network({ type: "dens", name: "a" }), "UNKNOWN_LAYER_TYPE", /"a".*"dens"/, /"dense"/],
  ["no type", network({ name: "a" }), "INVALID_LAYER", /"a".*no type/, /dense/],
  ["a number for a layer", network(7), "INVALID_LAYER", /layers\[0\]: it is 7/, /type/],
  ["no name", network({ type: "dense", units: 3 }), "INVALID_LAYER", /layers\[0\].*needs "name"/, /name/],
  [
    "a mistyped key",
    network(dense("a", { usebias: true })),
    "UNKNOWN_LAYER_KEY",
    /no "usebias"/,
    /"useBias"/,
  ],
  ["a fractional width", network(dense("a", { units: 2.5 })), "INVALID_LAYER", /units.*2\.5/, /units/],
  [
    "an unknown activation",
    network(dense("a", { activation: "swish" })),
    "INVALID_LAYER",
    /relu.*"swish"/,
    /activation/,
  ],
  [
    "an infinite scale",
    network(dense("a", { scale: Number.POSITIVE_INFINITY })),
    "INVALID_LAYER",
    /scale/,
    /scale/,
  ],
  [
    "a layer used twice",
    network(dense("shared"), dense("shared")),
    "REPEATED_LAYER_NAME",
    /"shared" is used 2 times: layers\[0\], layers\[1\]/,
    /name of its own/,
  ],
  [
    "a layer used again inside a residual",
    network(dense("a"), { type: "residual", main: [dense("a")], shortcut: [] }),
    "REPEATED_LAYER_NAME",
    /layers\[0\], layers\[1\]\.main\[0\]/,
    /weights/,
  ],
];

for (const [what, value, code, message, remedy] of mistakes) {
  test(`${what} is ${code}, with its place and a remedy`, () => {
    const found = problem(value);
    assert.is(found.code, code);
    assert.match(found.message, message);
    assert.match(found.remedy ?? "", remedy);
    assert.is(found.exitCode, 78);
  });
}

test("every mistake is found at once", () => {
  const value = network({ type: "dens", name: "a" }, dense("b", { unit: 4, units: 0 }), {
    type: "residual",
    main: [9],
  });
  assert.is(networkProblems(value).length, 5);
  assert.throws(
    () => parseNetwork(value, "net.json"),
    (error: JacoflowError) => error.code === "INVALID_NETWORK" && /5 mistakes/.test(error.message),
  );
});

test("a key that every object inherits is no layer type", () => {
  assert.is(problem(network({ type: "constructor", name: "a" })).code, "UNKNOWN_LAYER_TYPE");
});

test.run();
