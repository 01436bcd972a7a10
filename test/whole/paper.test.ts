import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { renderPage } from "../../bench/paper/page.js";
import { readRecords, recordOf } from "../../bench/paper/record.js";
import { type PaperRun, readPaperRuns } from "../../bench/paper/run.js";
import { complexityOf } from "../../bench/paper/sections/complexity.js";
import { growing } from "../../bench/paper/sections/corruption.js";
import { early } from "../../bench/paper/sections/earlyLearning.js";
import { bestFixedEpoch, choiceOf, verdict } from "../../bench/paper/sections/earlyStopping.js";
import { worstDifference } from "../../bench/paper/sections/linearModel.js";
import { gapOf, growth, pairs, widestGap } from "../../bench/paper/sections/mixtures.js";
import { part } from "../../bench/paper/sections/residuals.js";
import { worstCount } from "../../bench/paper/sections/spectra.js";
import { exactBoundsHold } from "../../bench/paper/sections/theory.js";
import { sections } from "../../bench/paper/sections.js";
import { courseOf, jacobianSteps, lowestOf, projected } from "../../bench/paper/select.js";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";

const law = suite("the paper's experiments at size tiny");
const folder = mkdtempSync(join(tmpdir(), "jacoflow-test-"));
law.before(build);
law.after(() => rmSync(folder, { recursive: true, force: true }));
const all = new Map<string, readonly PaperRun[]>();

/** Runs an experiment with one seed (and less of its matrix), and checks what holds for every projection. */
async function runsOf(name: string, ...sets: readonly string[]): Promise<readonly PaperRun[]> {
  const single = sections.find((section) => section.name === name)?.single === true;
  const words = ["size=tiny", ...(single ? [] : ["matrix.seed=[1]"]), ...sets];
  const { code, stderr } = await jacoflow([
    "run",
    join(repository, "examples/paper", `${name}.yaml`),
    ...["--out", join(folder, name, ...(single ? ["run"] : []))],
    ...words.flatMap((set) => ["--set", set]),
  ]);
  assert.is(code, 0, stderr);
  const runs = await readPaperRuns(join(folder, name));
  assert.ok(runs.length > 0);
  for (const row of runs.flatMap((run) => run.projection)) {
    if (row.information_norm + row.nuisance_norm === 0) continue;
    const sum = row.information_ratio ** 2 + row.nuisance_ratio ** 2;
    assert.ok(Math.abs(sum - 1) < 1e-6, `${name} ${row.target}: a² + b² = ${sum}`);
  }
  all.set(name, runs);
  return runs;
}

const informationRatio = (run: PaperRun, target: string, jacobian: "initial" | "final") =>
  projected(run, { target, jacobian })?.information_ratio ?? Number.NaN;

law(
  "tables 1 and 2: labels lie on the information space above chance, and more so after training",
  async () => {
    for (const run of await runsOf("tables-1-2")) {
      const row = projected(run, { target: "label", jacobian: "initial" });
      assert.is(row?.random_ratio, Math.sqrt(20 / 450));
      assert.ok(informationRatio(run, "label", "initial") > 2 * Math.sqrt(20 / 450));
      assert.ok(informationRatio(run, "label", "final") > informationRatio(run, "label", "initial"));
    }
  },
);

law("with ten classes the constant directions hold a tenth of the clean labels", async () => {
  for (const run of await runsOf("tables-1-2-ten-classes", "matrix.variables.optimizer=[sgd]")) {
    const energy = projected(run, { target: "clean_label", jacobian: "initial" })?.constant_energy ?? 0;
    assert.ok(energy >= 0.1 - 1e-9 && energy < 0.115, String(energy));
  }
});

law(
  "figure 3: the gap of the mixtures is at K²C, the label before it, and the values grow with √n",
  async () => {
    const runs = await runsOf("figure-3");
    for (const run of runs) {
      assert.is(widestGap(run), 27);
      assert.ok(gapOf(run) > 1.5, String(gapOf(run)));
      const ratio = projected(run, {
        target: "label",
        jacobian: "initial",
        stage: "project",
      })?.information_ratio;
      assert.ok((ratio ?? 0) > 0.99);
    }
    assert.is(pairs(runs).length, 1);
    for (const { few, many } of pairs(runs)) assert.ok(Math.abs(growth(few, many) / Math.SQRT2 - 1) < 0.03);
  },
);

law("figure 4: the estimated distribution counts the singular values as they are listed", async () => {
  for (const run of await runsOf("figure-4")) {
    assert.ok(
      run.density.some(({ kind }) => kind === "node"),
      "an estimate",
    );
    assert.ok(worstCount(run) <= 0.03, String(worstCount(run)));
  }
});

law("figures 5 and 6: the residual falls first on the information space", async () => {
  for (const run of await runsOf("figures-5-6")) {
    const fall = (space: "information" | "nuisance") =>
      part(run, jacobianSteps(run)[0], "train", 3, space) /
      part(run, jacobianSteps(run)[0], "train", 0, space);
    assert.ok(fall("information") < fall("nuisance"));
    assert.ok(run.angles.every(({ cosine }) => cosine >= 0 && cosine <= 1 + 1e-9));
  }
});

law("figure 7: more wrong labels, more of them on the nuisance space of the last Jacobian", async () => {
  const runs = await runsOf("figure-7", "matrix.variables.fraction=[0, 0.5, 1]");
  const share = (run: PaperRun) => -informationRatio(run, "label", "final");
  const clean = runs.filter((run) => Number(run.option("noise", "fraction")) < 1);
  assert.equal(growing(clean, share), [true]);
  const error = (run: PaperRun) => lowestOf(courseOf(run, "error", "test"))?.value ?? Number.NaN;
  assert.equal(growing(runs, error), [true]);
});

law("figure 8: a linear model goes where its spectrum says", async () => {
  for (const run of await runsOf("figure-8"))
    assert.ok(worstDifference(run) < 1e-4, String(worstDifference(run)));
});

law("theory: a wide network stays near its linearised one, which keeps its bounds", async () => {
  for (const run of await runsOf("theory")) {
    assert.ok(worstDifference(run) < 0.05, String(worstDifference(run)));
    assert.ok(exactBoundsHold(run));
  }
});

law("pretraining: each start has its own first residual and Jacobian", async () => {
  for (const run of await runsOf("pretraining")) {
    const norms = ["published", "own", "random"].map((start) => {
      const row = projected(run, { target: "residual", jacobian: "initial", stage: `project-${start}` });
      return row?.nuisance_norm ?? Number.NaN;
    });
    assert.ok(norms.every((norm) => norm > 0) && new Set(norms).size === 3, norms.join(" "));
  }
});

law("early stopping: the advised stop is the first at noise level, and better than the end", async () => {
  const runs = await runsOf("early-stopping");
  for (const run of runs) {
    const [advised, best, last] = (["advised", "best", "last"] as const).map((choice) =>
      choiceOf(run, choice),
    );
    assert.ok(advised.reason === "noise-level" && advised.excess <= advised.threshold);
    assert.ok(advised.epoch > 0 && advised.epoch < last.epoch, String(advised.epoch));
    assert.ok(advised.test_error < last.test_error, String(advised.test_error));
    assert.is(bestFixedEpoch([run]), best.epoch);
  }
  assert.match(verdict([-0.1, -0.2, -0.15], "x"), /^- Lower .* -0\.150 ± 0\.124 /);
  assert.match(verdict([-0.1, 0.2, -0.15], "x"), /No difference/);
  assert.match(verdict([0.1, 0.2, 0.15], "x"), /Higher/);
});

law("early learning: the clean labels are learnt first, and noise takes the parameters further", async () => {
  const runs = await runsOf("early-learning", "matrix.variables.fraction=[0, 0.4]");
  const noisy = runs.filter((run) => run.option("noise", "fraction") === 0.4);
  for (const run of noisy) assert.ok(early(run).clean < 0.2 && early(run).given > 0.3);
  const distance = (run: PaperRun) =>
    courseOf(run, "parameter_distance", "train").at(-1)?.value ?? Number.NaN;
  assert.equal(growing(runs, distance), [true]);
});

law("early learning on Fashion-MNIST: nearer to the clean labels than to those given", async () => {
  for (const run of await runsOf("early-learning-fashion", "matrix.variables.fraction=[0.4]"))
    assert.ok(early(run).clean < early(run).given);
});

law("complexity: yᵀH⁻¹y grows with the noise", async () => {
  const runs = await runsOf("complexity", "matrix.variables.fraction=[0, 0.6]");
  assert.equal(growing(runs, complexityOf), [true]);
});

law("full scale: the values it finds are those of the golden Jacobian's size", async () => {
  const [run] = await runsOf("full-scale");
  const values = run.spectrum.map((row) => row.singular_value);
  assert.is(values.length, 10);
  assert.ok(run.spectrum.every((row) => row.residual_bound < 1e-2 * values[0]));
});

law("the page has a part for every experiment and no number that is missing", () => {
  const facts = { size: "tiny", machine: "none", version: "0" } as const;
  const page = renderPage(
    sections,
    sections.map((section) => recordOf(section, all.get(section.name) ?? [], facts)),
  );
  assert.not.match(page, "NaN");
  assert.not.match(page, "Not run for this page");
  for (const { title } of sections) assert.match(page, `## ${title}`);
});

law(
  "docs/paper.md is what the kept results of the sizes small and full make, and its pictures are there",
  async () => {
    const records = await readRecords(join(repository, "bench/results/paper"), ["small", "full"]);
    const page = readFileSync(join(repository, "docs/paper.md"), "utf8");
    assert.is(page, renderPage(sections, records), "npm run paper -- --no-run writes it again");
    for (const [, file] of page.matchAll(/\]\((paper\/[^)]*)\)/g)) {
      assert.ok(existsSync(join(repository, "docs", file)), file);
    }
  },
);

law.run();
