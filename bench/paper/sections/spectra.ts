import { numberText } from "../../../stages/sinks/numberText.js";
import { countText, densityCharts } from "../../../stages/sinks/report/density.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { spread } from "../spread.js";

const stepsOf = (run: PaperRun): readonly number[] =>
  [...new Set(run.spectrum.map((row) => row.jacobian_step))].sort((left, right) => left - right);

/** σ_1, σ_2, … of the first or the last Jacobian. */
function valuesOf(run: PaperRun, which: "initial" | "final"): readonly number[] {
  const step = stepsOf(run).at(which === "initial" ? 0 : -1);
  return run.spectrum.filter((row) => row.jacobian_step === step).map((row) => row.singular_value);
}

/** The share of the values within each tenth of σ_1, smallest first: the figure's histogram. */
function histogram(values: readonly number[]): readonly number[] {
  const counts = new Array<number>(10).fill(0);
  for (const value of values) counts[Math.min(9, Math.floor((10 * value) / values[0]))] += 1;
  return counts.map((count) => count / values.length);
}

/** Tenths of decades that hold all listed values of both Jacobians, in log₁₀ σ. */
function decades(run: PaperRun): readonly [number, number] {
  const exponents = run.spectrum.map((row) => Math.log10(row.singular_value)).filter(Number.isFinite);
  return [Math.floor(10 * Math.min(...exponents)) / 10, Math.ceil(10 * Math.max(...exponents)) / 10];
}

/** How many values lie in each tenth of a decade, at its middle. */
function logarithmicHistogram(values: readonly number[], [from, to]: readonly [number, number]) {
  const places = Math.round(10 * (to - from));
  return Array.from({ length: places }, (_, place) => {
    const [lower, upper] = [from + place / 10, from + (place + 1) / 10];
    const exponents = values.map((value) => Math.log10(value));
    return {
      x: (lower + upper) / 2,
      y: exponents.filter((exponent) => exponent >= lower && exponent < upper).length,
    };
  });
}

/** Largest difference, as a share of nK, of the estimated count above a listed value and the true one, from σ_1/100 up. */
export function worstCount(run: PaperRun): number {
  let worst = 0;
  for (const step of stepsOf(run)) {
    const rows = run.density.filter((row) => row.jacobian_step === step);
    const all = rows.reduce((sum, row) => sum + row.count, 0);
    const values = run.spectrum.filter((row) => row.jacobian_step === step).map((row) => row.singular_value);
    for (const [at, value] of values.entries()) {
      if (value < values[0] / 100) break;
      // Midway in ln σ to the next, where the true count is known: `at + 1`.
      const next = values[at + 1];
      if (next === undefined) break;
      const place = Math.sqrt(value * next);
      const estimated = rows.reduce((sum, row) => sum + row.count * shareAbove(row, place), 0);
      worst = Math.max(worst, Math.abs(estimated - (at + 1)) / all);
    }
  }
  return worst;
}

function shareAbove(
  { lower, upper }: { readonly lower: number; readonly upper: number },
  place: number,
): number {
  if (lower >= place) return 1;
  if (upper <= place || lower === 0) return 0;
  return Math.log(upper / place) / Math.log(upper / lower);
}

export const spectra: Section = {
  name: "figure-4",
  title: "Figure 4: the singular values at the start and at the end",
  says: `The paper: the largest 1,000 of 500,000, clean labels, and a density of all. The listed values are exact or of block Krylov; the
density is an estimate of its own from random starts, by block Lanczos quadrature, and is held to the listed values.`,
  small:
    "The Jacobian of 402 images with three outputs: 1,000 of 1,206 values, exact; after 15 epochs on 1,500 images. These sizes were changed once\nbefore they were run, for time.",
  charts: ([run]) => [
    {
      key: "figure-4-histogram",
      title: `Figure 4: histogram of the largest values, seed ${run.seed}`,
      description: "How many of the listed singular values lie in each tenth of a decade.",
      x: { label: "log₁₀ σ", epochs: false, domain: decades(run) },
      y: { label: "values in a tenth of a decade" },
      series: (["initial", "final"] as const).map((which, at) => ({
        name: `${which} Jacobian`,
        tone: ([1, 2] as const)[at],
        points: logarithmicHistogram(valuesOf(run, which), decades(run)),
      })),
    },
    ...densityCharts("density", run.density).map((chart) => ({
      ...chart,
      key: "figure-4",
      title: `Figure 4: number of singular values from σ up, seed ${run.seed}`,
    })),
  ],
  write: (runs) => {
    const at = (which: "initial" | "final", index: number) =>
      spread(runs.map((run) => valuesOf(run, which)[index - 1]));
    const last = Math.min(...runs.map((run) => valuesOf(run, "initial").length));
    const indices = [1, 2, 3, 4, 10, 50, last].filter((index) => index <= last);
    return [
      table(
        ["Jacobian", ...indices.map((index) => `σ_${index}`)],
        (["initial", "final"] as const).map((which) => [which, ...indices.map((index) => at(which, index))]),
      ),
      `Histogram of the largest ${last}, shares by tenths of σ_1, means over seeds:`,
      table(
        ["Jacobian", ...Array.from({ length: 10 }, (_, tenth) => `${tenth / 10}–${(tenth + 1) / 10}`)],
        (["initial", "final"] as const).map((which) => [
          which,
          ...Array.from({ length: 10 }, (_, tenth) =>
            spread(runs.map((run) => histogram(valuesOf(run, which))[tenth])),
          ),
        ]),
      ),
      `The density's counts, seed ${runs[0].seed}. ${stepsOf(runs[0])
        .map((step, at) => {
          const counts = countText(runs[0].density.filter((row) => row.jacobian_step === step));
          return `${at === 0 ? "Initial" : "Final"} Jacobian: ${counts.charAt(0).toLowerCase()}${counts.slice(1)}`;
        })
        .join(" ")}`,
      [
        claim(
          "few values stand far above the others: fewer than a tenth of the listed ones exceed σ_1/10, at the start and at the end.",
          runs.flatMap((run) =>
            (["initial", "final"] as const).map((which) => 1 - histogram(valuesOf(run, which))[0] < 0.1),
          ),
        ),
        claim(
          "training makes the largest value grow.",
          runs.map((run) => valuesOf(run, "final")[0] > valuesOf(run, "initial")[0]),
        ),
        claim(
          `the density counts the listed values to 0.03 of nK (worst ${numberText(Math.max(...runs.map(worstCount)))}).`,
          runs.map((run) => worstCount(run) <= 0.03),
        ),
      ].join("\n"),
    ].join("\n\n");
  },
};
