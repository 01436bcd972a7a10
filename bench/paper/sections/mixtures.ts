import { numberText } from "../../../stages/sinks/numberText.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { projected } from "../select.js";
import { spread } from "../spread.js";

const examplesOf = (run: PaperRun) => Number(run.option("data", "train"));
const rankOf = (run: PaperRun) => Number(run.option("project", "rank"));

const valueAt = (run: PaperRun, index: number, stage = "svd"): number =>
  run.spectrum.find((row) => row.stage === stage && row.index === index)?.singular_value ?? Number.NaN;

/** σ_s scaled as the figure's, √(KC/n)·σ_s, K²C = rank and K = 3. */
const scaled = (run: PaperRun, index: number, stage?: string): number =>
  Math.sqrt(rankOf(run) / 3 / examplesOf(run)) * valueAt(run, index, stage);

/** σ_{K²C}/σ_{K²C+1} of the Jacobian at the start. */
export const gapOf = (run: PaperRun): number => valueAt(run, rankOf(run)) / valueAt(run, rankOf(run) + 1);

/** The largest ratio of neighbours, beyond the first ten values: where a reader sees the gap. */
export function widestGap(run: PaperRun): number {
  const last = Math.max(...run.spectrum.filter(({ stage }) => stage === "svd").map(({ index }) => index));
  let best = 10;
  for (let index = 10; index < last; index += 1) {
    const ratio = valueAt(run, index) / valueAt(run, index + 1);
    if (ratio > valueAt(run, best) / valueAt(run, best + 1)) best = index;
  }
  return best;
}

/** σ_s with twice the examples over σ_s, on the average of the information space's: √2 where σ_s ∝ √n. */
export function growth(few: PaperRun, many: PaperRun): number {
  const rank = rankOf(few);
  const ratios = Array.from({ length: rank }, (_, at) => valueAt(many, at + 1) / valueAt(few, at + 1));
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / rank;
}

/** Runs of the same seed with fewer and with more examples. */
export const pairs = (runs: readonly PaperRun[]) =>
  runs.flatMap((few) =>
    runs
      .filter((many) => many.seed === few.seed && examplesOf(many) > examplesOf(few))
      .map((many) => ({ few, many })),
  );

export const mixtures: Section = {
  name: "figure-3",
  title: "Figure 3: Gaussian mixtures have a gap at K²C",
  says: `K = 3 classes of C clusters, σ = 0.1, n = 30C and 60C examples, the theory's network at its start, every singular value
exact. Scaled values are √(KC/n)·σ_s.`,
  charts: (runs) => {
    const [{ few, many } = { few: undefined, many: undefined }] = pairs(runs);
    if (few === undefined || many === undefined) return [];
    const rank = rankOf(few);
    const shown = Math.round(1.6 * rank);
    const points = (run: PaperRun, stage: string) =>
      Array.from({ length: shown }, (_, at) => ({ x: at + 1, y: scaled(run, at + 1, stage) }));
    return [
      {
        key: "figure-3",
        title: `Figure 3: singular values of mixtures, seed ${few.seed}`,
        description: `Scaled singular values by index. They fall by a factor of ${numberText(gapOf(few))} after index ${rank} = K²C with ${examplesOf(few)} examples.`,
        x: { label: "index", epochs: false },
        y: { label: "√(KC/n)·σ", logarithmic: true },
        series: [
          { name: `J(W₀), n = ${examplesOf(few)}`, tone: 1, points: points(few, "svd") },
          { name: `J(W₀), n = ${examplesOf(many)}`, tone: 2, points: points(many, "svd") },
          { name: `Σ(X)^½, n = ${examplesOf(many)}`, tone: 3, dashed: true, points: points(many, "kernel") },
        ],
        rules: [{ x: rank, text: `K²C = ${rank}` }],
      },
    ];
  },
  write: (runs) => {
    const counts = [...new Set(runs.map(examplesOf))].sort((left, right) => left - right);
    const rank = rankOf(runs[0]);
    const rows = counts.map((count) => {
      const own = runs.filter((run) => examplesOf(run) === count);
      return [
        String(count),
        ...[1, 10, rank, rank + 1].map((index) => spread(own.map((run) => scaled(run, index)))),
        spread(own.map(gapOf)),
        spread(own.map((run) => scaled(run, rank, "kernel"))),
        spread(
          own.map(
            (run) =>
              projected(run, { target: "label", jacobian: "initial", stage: "project" })?.information_ratio,
          ),
        ),
        spread(
          own.map(
            (run) =>
              projected(run, { target: "label", jacobian: "initial", stage: "ten" })?.information_ratio,
          ),
        ),
      ];
    });
    return [
      table(
        [
          "n",
          ...["s = 1", "s = 10", `s = K²C = ${rank}`, `s = ${rank + 1}`].map((text) => `scaled σ_s, ${text}`),
          `σ_${rank}/σ_${rank + 1}`,
          `Σ(X)^½, s = ${rank}`,
          `‖Π_I y‖/‖y‖, top ${rank}`,
          "top 10",
        ],
        rows,
      ),
      [
        claim(
          "the widest gap of neighbours beyond the tenth value is at K²C.",
          runs.map((run) => widestGap(run) === rank),
        ),
        claim(
          "the label lies on the top K²C (norm ratio above 0.99).",
          runs.map((run) => {
            const row = projected(run, { target: "label", jacobian: "initial", stage: "project" });
            return row !== undefined && row.information_ratio > 0.99;
          }),
        ),
        claim(
          `σ_s ∝ √n: with twice the examples the values up to K²C grow by √2 = 1.414, within 3 % (measured ${spread(pairs(runs).map(({ few, many }) => growth(few, many)))}).`,
          pairs(runs).map(({ few, many }) => Math.abs(growth(few, many) / Math.SQRT2 - 1) < 0.03),
        ),
      ].join("\n"),
    ].join("\n\n");
  },
};
