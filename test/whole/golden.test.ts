import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import type { GoldenExpected } from "../support/golden.js";
import { partsOf, query } from "../support/tables.js";

const law = suite("golden cases through the pipeline file");

law.before(build);

const cases = ["one-hidden-softplus", "mlp-tanh", "cnn-pool"] as const;
const ranks = [10, 27, 50, 100] as const;
/** Golden README: norm ratios are compared where the rank sits at a gap. */
const smallestGap = 1.02;

interface Disagreement {
  readonly singularValues: number;
  readonly ratios: number;
  readonly compared: number;
}

/** Runs examples/spectrum.yaml on a case and compares every value with what float64 gave. */
async function disagreement(
  source: string,
  expected: GoldenExpected,
  rank: number,
  method: string,
): Promise<Disagreement> {
  return withFolder(async (folder) => {
    const run = join(folder, "run");
    const set = (path: string, value: string | number) => ["--set", `stages.${path}=${value}`];
    const { code, stderr } = await jacoflow([
      "run",
      join(repository, "examples/spectrum.yaml"),
      ...["--out", run, "-q"],
      ...set("data.with.path", join(source, "examples.arrow")),
      ...set("network.with.network", join(source, "network.json")),
      ...set("network.with.weights", join(source, "weights.safetensors")),
      ...set("svd.with.rank", rank),
      ...set("svd.with.method", method),
      ...set("project.with.rank", rank),
    ]);
    assert.is(code, 0, stderr);
    const spectrum = await query(`select * from ${partsOf(run, "spectrum", "svd")} order by index`);
    const projection = await query(`select * from ${partsOf(run, "projection", "project")}`);
    assert.ok(spectrum.length >= Math.min(rank, expected.singularValues.length));
    for (const row of spectrum) assert.is(row.method, method);
    return { ...compare(spectrum.slice(0, rank), projection, expected, rank) };
  });
}

type Rows = readonly Readonly<Record<string, unknown>>[];

function compare(spectrum: Rows, projection: Rows, expected: GoldenExpected, rank: number): Disagreement {
  const values = spectrum.map((row, at) =>
    Math.abs((row.singular_value as number) / expected.singularValues[at] - 1),
  );
  const atGap = expected.singularValues[rank - 1] / expected.singularValues[rank] > smallestGap;
  const ratios = Object.entries(expected.projections).flatMap(([target, byRank]) => {
    const wanted = byRank[rank];
    const found = projection.find((row) => row.target === target && row.rank === rank);
    if (wanted === undefined || !atGap) return [];
    assert.ok(found, `no row for ${target} at rank ${rank}`);
    return [
      Math.abs((found.information_ratio as number) - wanted.information),
      Math.abs((found.nuisance_ratio as number) - wanted.nuisance),
    ];
  });
  return {
    singularValues: Math.max(...values),
    ratios: Math.max(0, ...ratios),
    compared: ratios.length,
  };
}

const expectedOf = (name: string) =>
  JSON.parse(readFileSync(join(repository, "test/golden", name, "expected.json"), "utf8")) as GoldenExpected;

let ratiosCompared = 0;

for (const name of cases) {
  const expected = expectedOf(name);
  for (const rank of ranks.filter((each) => each < expected.rows)) {
    for (const method of ["exact", "block-krylov"]) {
      law(`${name} at rank ${rank} by ${method}`, async () => {
        const found = await disagreement(join(repository, "test/golden", name), expected, rank, method);
        assert.ok(found.singularValues < 1e-3, `singular values are off by ${found.singularValues}`);
        assert.ok(found.ratios < 1e-3, `norm ratios are off by ${found.ratios}`);
        ratiosCompared += found.compared;
      });
    }
  }
}

law("norm ratios were compared at gaps, not skipped everywhere", () => {
  assert.ok(ratiosCompared >= 24, `${ratiosCompared} ratios`);
});

law("one perturbed weight is seen", () =>
  withFolder(async (folder) => {
    const name = "mlp-tanh";
    cpSync(join(repository, "test/golden", name), folder, { recursive: true });
    const weights = join(folder, "weights.safetensors");
    const bytes = readFileSync(weights);
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength));
    const at = 8 + headerLength + header["logits/kernel"].data_offsets[0];
    bytes.writeFloatLE(bytes.readFloatLE(at) + 0.5, at);
    writeFileSync(weights, bytes);
    const found = await disagreement(folder, expectedOf(name), 50, "exact");
    assert.ok(found.singularValues > 1e-3, `singular values differ by ${found.singularValues} only`);
  }),
);

law.run();
