import type { Split } from "../../../schemas/columns.js";
import { numberText, ratioText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Series } from "./chart.js";
import { type ChartSection, hasCourse } from "./chartSections.js";
import { curveOf, errorCurves } from "./errorCurves.js";
import { headline } from "./headline.js";
import { type Html, html } from "./html.js";
import { ascending, byStage, type ProjectionRow, type RunFacts, type RunTables } from "./tables.js";

/** A run beside others. */
export interface ComparedRun {
  /** Tells it from the others. */
  readonly label: string;
  readonly tables: RunTables;
  readonly run: RunFacts;
}

const tones = [1, 2, 3, 4, 5, 6] as const;
const toneOf = (at: number): Series["tone"] => tones[at] ?? 0;
/** How the course of a run's stage is drawn: beyond six runs, and for a second stage, the colours come again, dashed. */
const lineOf = (run: number, stage: number): Pick<Series, "tone" | "dashed"> => ({
  tone: tones[run % tones.length],
  dashed: (Math.floor(run / tones.length) + stage) % 2 === 1,
});
const epochs = { label: "epoch", epochs: true } as const;

/** Charts of several runs, a colour each: what `chartSections` draws of one. */
export function compareSections(runs: readonly ComparedRun[]): readonly ChartSection[] {
  return [
    { title: "Training", charts: [...trainingCharts(runs)] },
    { title: "Residual on both spaces of the initial Jacobian", charts: [...residualCharts(runs)] },
    { title: "Singular values of the Jacobian", charts: [...spectrumCharts(runs)] },
  ];
}

/** Series of each run, named after it and its stage where it has several. */
function seriesOf(
  runs: readonly ComparedRun[],
  of: (
    run: ComparedRun,
    tone: Series["tone"],
  ) => readonly {
    readonly stage: string;
    readonly series: Omit<Series, "name" | "tone"> & Partial<Series>;
  }[],
): readonly Series[] {
  return runs.flatMap((run, at) => {
    const found = of(run, toneOf(at)).filter(({ series }) => series.points.length > 0);
    const several = new Set(found.map(({ stage }) => stage)).size > 1;
    return found.map(({ stage, series }, place): Series => {
      const name = several ? `${run.label} · ${stage}` : run.label;
      return { name, ...lineOf(at, place), ...series };
    });
  });
}

function trainingCharts(runs: readonly ComparedRun[]): readonly Chart[] {
  const measured: readonly (readonly [Split, string, string, string])[] = [
    ["test", "error", "Test error", "share of examples"],
    ["test", "clean_error", "Test error, clean labels", "share of examples"],
    ["train", "error", "Training error, labels as given", "share of examples"],
    ["train", "clean_error", "Training error, clean labels", "share of examples"],
    ["train", "loss", "Training loss", "loss"],
    ["test", "loss", "Test loss", "loss"],
  ];
  return measured.map(([split, name, title, label]): Chart => {
    const series = seriesOf(runs, ({ tables, run }) =>
      byStage(tables.metrics, run.file)
        .filter(({ rows }) => hasCourse(rows))
        .map(({ stage, rows }) => ({
          stage,
          series: { points: curveOf(rows, split, name).map(({ epoch, value }) => ({ x: epoch, y: value })) },
        })),
    );
    return {
      key: `compare-${split}-${name}`,
      title,
      description: described(`${title} over epochs`, series),
      x: epochs,
      y: { label },
      series,
    };
  });
}

function residualCharts(runs: readonly ComparedRun[]): readonly Chart[] {
  return (["train", "test"] as const).flatMap((split) =>
    (["information", "nuisance"] as const).map((space): Chart => {
      const series = seriesOf(runs, ({ tables, run }) =>
        byStage(tables.projection, run.file).map(({ stage, rows }) => ({
          stage,
          series: { points: residual(rows, split, `${space}_norm`) },
        })),
      );
      const title = `Energy of the residual on the ${space} space, ${split === "train" ? "training" : "test"} examples`;
      return {
        key: `compare-${split}-${space}`,
        title,
        description: described(`${title}, over epochs`, series),
        x: epochs,
        y: { label: "energy ‖Πr‖²" },
        series,
      };
    }),
  );
}

function residual(
  rows: readonly ProjectionRow[],
  split: Split,
  column: "information_norm" | "nuisance_norm",
): Series["points"] {
  const own = rows.filter((row) => row.target === "residual" && row.split === split);
  const [first] = ascending(own.map((row) => row.jacobian_step));
  const points = own
    .filter((row) => row.jacobian_step === first)
    .map((row) => ({ x: row.epoch, y: row[column] ** 2 }))
    .sort((left, right) => left.x - right.x);
  return points.length < 2 ? [] : points;
}

function spectrumCharts(runs: readonly ComparedRun[]): readonly Chart[] {
  return (["train", "test"] as const).map((split): Chart => {
    const series = seriesOf(runs, ({ tables, run }, tone) =>
      byStage(tables.spectrum, run.file).flatMap(({ stage, rows }) => {
        const jacobians = [
          ...groupBy(
            rows.filter((row) => row.split === split),
            (row) => row.jacobian_step,
          ),
        ].sort(([left], [right]) => left - right);
        const shown = jacobians.length < 2 ? jacobians : [jacobians[0], jacobians[jacobians.length - 1]];
        return shown.map(([, own], at) => ({
          stage,
          series: {
            tone,
            dashed: at === 0 && shown.length > 1,
            points: own.map((row) => ({ x: row.index, y: row.singular_value })),
          },
        }));
      }),
    ).map((line) => ({ ...line, name: `${line.name}, ${line.dashed === true ? "first" : "last"}` }));
    const title = `Singular values, ${split === "train" ? "training" : "test"} examples`;
    return {
      key: `compare-${split}-spectrum`,
      title,
      description: described(`${title}: the first Jacobian of each run dashed, the last one whole`, series),
      x: { label: "index", epochs: false },
      y: { label: "σ", logarithmic: true },
      series,
    };
  });
}

function described(what: string, series: readonly Series[]): string {
  const courses = series.map(
    ({ name, points }) => `${name}: ${numberText(points[0]?.y)} to ${numberText(points.at(-1)?.y)}`,
  );
  return `${what}. ${courses.join("; ")}.`;
}

/** What the runs came to, a row each. */
export function compareTable(runs: readonly ComparedRun[]): Html {
  const rows = runs.map(({ label, tables, run }) => {
    const curve = errorCurves(tables.metrics, run.file)[0];
    const projected = headline(tables, run.file).filter(
      ({ split, jacobian }) => split === "train" && jacobian !== "final",
    );
    const of = (target: string) => projected.find((row) => row.target === target);
    const labels = of("clean_label") ?? of("label");
    const cells = [
      Number.isFinite(run.seed) ? String(run.seed) : "–",
      ratioText(curve?.best?.value),
      numberText(curve?.best?.epoch),
      ratioText(curve?.last?.value),
      ratioText(curve?.trainLast?.value),
      ratioText(labels?.informationRatio),
      ratioText(of("label_noise")?.informationRatio),
      ratioText(labels?.randomRatio),
    ];
    return html`<tr><th scope="row">${label}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`;
  });
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The runs side by side"><table>
<thead>
<tr><td></td><td></td><th scope="colgroup" colspan="3">test error</th><th scope="col">training error</th><th scope="colgroup" colspan="3">norm ratio on the information space, initial Jacobian</th></tr>
<tr><th scope="col">run</th><th scope="col">seed</th><th scope="col">lowest</th><th scope="col">at epoch</th><th scope="col">last</th><th scope="col">last</th><th scope="col">labels</th><th scope="col">noise</th><th scope="col">random</th></tr>
</thead>
<tbody>
${rows}</tbody></table></div>`;
}
