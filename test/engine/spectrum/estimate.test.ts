import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseNetwork } from "../../../engine/network/parse.js";
import { planSpectrum, type SpectrumProblem } from "../../../engine/spectrum/estimate.js";
import { JacoflowError } from "../../../schemas/errors/error.js";

const test = suite("the plan of a spectrum");

const network = parseNetwork({
  input: [784],
  layers: [
    { type: "dense", name: "hidden", units: 512, activation: "relu" },
    { type: "dense", name: "logits", units: 10 },
  ],
});
const rates = { network: 90e9, held: 90e9, algebra: 30e9, reduction: 1.9e9 };
const problem: SpectrumProblem = {
  ...{ network, examples: 2000, outputs: 10, parameters: 407_050, rank: 50 },
  ...{ method: "auto", precision: "float32", memoryLimit: 64e9, rates },
};
const codeOf = (change: Partial<SpectrumProblem>): string => {
  try {
    planSpectrum({ ...problem, ...change });
  } catch (error) {
    assert.instance(error, JacoflowError);
    return (error as JacoflowError).code;
  }
  return "";
};

test("auto is never slower, by its own estimate, than a method asked for", () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 10, max: 20_000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(1e8, 1e9, 1e10, 1e11),
      (examples, rank, speed) => {
        const given = { ...problem, examples, rank, rates: { ...rates, network: speed } };
        const auto = planSpectrum(given);
        for (const method of ["exact", "block-krylov"] as const) {
          const asked = planSpectrum({ ...given, method, memoryLimit: Number.POSITIVE_INFINITY });
          assert.is(asked.method, method);
          assert.ok(auto.seconds <= asked.seconds || asked.memoryBytes > given.memoryLimit);
        }
      },
    ),
  ));

test("a small Jacobian goes exact, a large one by block Krylov that holds no rows beyond the limit", () => {
  assert.is(planSpectrum({ ...problem, examples: 40 }).method, "exact");
  const large = planSpectrum({ ...problem, examples: 50_000, memoryLimit: 8e9 });
  assert.is(large.method, "block-krylov");
  assert.is(large.route, "streamed-rows");
  assert.ok(large.memoryBytes <= 8e9);
});

test("a dense layer's products are counted as fused: of 20,000 rows the engine forms none", () => {
  const sweep = planSpectrum({ ...problem, method: "block-krylov" });
  const formed = (4 * 20_000 * problem.parameters * sweep.sweeps * sweep.blockSize) / rates.network;
  assert.ok(sweep.seconds < formed / 2, `${sweep.seconds} s against ${formed} s`);
});

test("more examples, a higher rank and slower engines never make a plan cheaper", () => {
  const seconds = (change: Partial<SpectrumProblem>) =>
    planSpectrum({ ...problem, method: "block-krylov", ...change }).seconds;
  assert.ok(seconds({ examples: 4000 }) > seconds({}));
  assert.ok(seconds({ rank: 80 }) > seconds({}));
  assert.ok(seconds({ rates: { ...rates, network: 1e9 } }) > seconds({}));
});

test("the reason names what was chosen, and against what", () => {
  const { reason } = planSpectrum(problem);
  assert.match(reason, "block Krylov");
  assert.match(reason, "exact, Gram matrix of the 20000 rows");
});

test("what cannot be is refused before any work", () => {
  assert.is(codeOf({ rank: 20_001 }), "RANK_TOO_LARGE");
  assert.is(codeOf({ precision: "float64", method: "block-krylov" }), "PRECISION_NEEDS_EXACT");
  assert.is(codeOf({ memoryLimit: 1e6 }), "MEMORY_LIMIT");
});

test("what is kept beside block Krylov is taken from what its basis may grow to", () => {
  const krylov = { ...problem, method: "block-krylov", examples: 20_000 } as const;
  const [keptBytes, limit] = [2e8, 2e9];
  const beside = planSpectrum({ ...krylov, keptBytes, memoryLimit: limit + keptBytes });
  const alone = planSpectrum({ ...krylov, memoryLimit: limit });
  assert.ok(Number.isFinite(alone.mostSweeps));
  assert.equal(beside, { ...alone, memoryBytes: alone.memoryBytes + keptBytes });
  const exact = { ...problem, method: "exact" } as const;
  assert.equal(planSpectrum({ ...exact, keptBytes }), planSpectrum(exact));
});

test.run();
