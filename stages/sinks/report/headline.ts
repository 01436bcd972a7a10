import type { Split } from "../../../schemas/columns.js";
import { numberText, ratioText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { ascending, byStage, type ProjectionRow, type RunTables } from "./tables.js";

/** One target on one Jacobian, with what it is to be compared with. Ratios are of norms, energies of squared norms. */
export interface HeadlineRow {
  /** The projecting stage. */
  readonly stage: string;
  /** `only` when the stage saw a single Jacobian. */
  readonly jacobian: "initial" | "final" | "only";
  readonly jacobianStep: number;
  /** NaN when no table says. */
  readonly jacobianEpoch: number;
  readonly split: Split;
  readonly target: string;
  /** Epoch of the residual; NaN for targets that do not change. */
  readonly targetEpoch: number;
  readonly rank: number;
  /** α: the cut-off, or σ_r. */
  readonly cutoff: number;
  /** σ_r / σ_{r+1}. */
  readonly gap: number;
  readonly informationRatio: number;
  readonly nuisanceRatio: number;
  readonly informationEnergy: number;
  readonly nuisanceEnergy: number;
  /** √(r/nK) and r/nK: what a random space of dimension r holds of any target. */
  readonly randomRatio: number;
  readonly randomEnergy: number;
  /** On the K constant directions 1_n ⊗ e_k. */
  readonly constantEnergy: number;
  /** Share that is a function of the true class only: 1 − ‖y − E[y | true class]‖² / ‖v‖²; NaN where it means nothing. */
  readonly trueClassEnergy: number;
}

const targetOrder = ["clean_label", "label", "centred_label", "label_change", "label_noise", "residual"];
/** Targets whose mean given the true class is known from the noise: v = E[v | true class] + label_noise. */
const labelTargets: ReadonlySet<string> = new Set(["label", "centred_label", "label_change"]);

const targetPlace = (target: string) =>
  targetOrder.includes(target) ? targetOrder.indexOf(target) : targetOrder.length;

export const squaredNorm = (row: ProjectionRow) => row.information_norm ** 2 + row.nuisance_norm ** 2;

/**
 * The rows of the headline table: first and last Jacobian × split × target, by stage of the file, Jacobian, split and
 * target. The residual has two rows, its first and its last. Design §2 projection, paper §3.
 */
export function headline(tables: RunTables, file?: unknown): readonly HeadlineRow[] {
  return byStage(tables.projection, file).flatMap(({ stage, rows }) => {
    const steps = ascending(rows.map((row) => row.jacobian_step));
    const shown = steps.length === 1 ? steps : [steps[0], steps[steps.length - 1]];
    return shown.flatMap((step) =>
      (["train", "test"] as const).flatMap((split) => {
        const own = rows.filter((row) => row.jacobian_step === step && row.split === split);
        // A target that vanishes (the noise of a split that has none) lies on no space.
        return chosenRows(own.filter((row) => squaredNorm(row) !== 0)).map((row) =>
          headlineRow(row, {
            jacobian: steps.length === 1 ? "only" : step === steps[0] ? "initial" : "final",
            jacobianEpoch: epochOfStep(tables, stage, step),
            noise: own.find((other) => other.target === "label_noise"),
          }),
        );
      }),
    );
  });
}

/** One row a target, two of the residual, in the order of the table. */
function chosenRows(rows: readonly ProjectionRow[]): readonly ProjectionRow[] {
  return [...groupBy(rows, (row) => row.target)]
    .sort(([left], [right]) => targetPlace(left) - targetPlace(right) || (left < right ? -1 : 1))
    .flatMap(([target, own]) => {
      const inTime = [...own].sort((left, right) => left.step - right.step);
      if (inTime.length === 1) return inTime;
      const last = inTime[inTime.length - 1];
      return target === "residual" ? [inTime[0], last] : [last];
    });
}

function headlineRow(
  row: ProjectionRow,
  known: {
    readonly jacobian: HeadlineRow["jacobian"];
    readonly jacobianEpoch: number;
    readonly noise: ProjectionRow | undefined;
  },
): HeadlineRow {
  return {
    stage: row.stage,
    jacobian: known.jacobian,
    jacobianStep: row.jacobian_step,
    jacobianEpoch: known.jacobianEpoch,
    split: row.split,
    target: row.target,
    targetEpoch: row.target === "residual" ? row.epoch : Number.NaN,
    rank: row.rank,
    cutoff: row.cutoff,
    gap: row.gap,
    informationRatio: row.information_ratio,
    nuisanceRatio: row.nuisance_ratio,
    informationEnergy: row.information_energy,
    nuisanceEnergy: row.nuisance_ratio ** 2,
    randomRatio: row.random_ratio,
    randomEnergy: row.random_ratio ** 2,
    constantEnergy: row.constant_energy,
    trueClassEnergy: trueClassEnergy(row, known.noise),
  };
}

function trueClassEnergy(row: ProjectionRow, noise: ProjectionRow | undefined): number {
  if (row.target === "clean_label") return 1;
  if (!labelTargets.has(row.target) || noise === undefined) return Number.NaN;
  return 1 - squaredNorm(noise) / squaredNorm(row);
}

/** The epoch of a training step, from whichever table of the run says it; NaN if none does. */
export function epochOfStep(tables: RunTables, stage: string, step: number): number {
  const found =
    tables.projection.find((row) => row.stage === stage && row.step === step) ??
    tables.spectrum.find((row) => row.jacobian_step === step) ??
    tables.metrics.find((row) => row.step === step);
  return found?.epoch ?? (step === 0 ? 0 : Number.NaN);
}

/** `initial, epoch 0`: the Jacobian of a row in words. */
export function jacobianText(row: HeadlineRow): string {
  const moment = Number.isNaN(row.jacobianEpoch)
    ? `step ${numberText(row.jacobianStep)}`
    : `epoch ${numberText(row.jacobianEpoch)}`;
  return row.jacobian === "only" ? moment : `${row.jacobian}, ${moment}`;
}

const targetNames: Readonly<Record<string, string>> = {
  clean_label: "clean labels",
  label: "labels as given",
  centred_label: "labels, centred",
  label_change: "label changes",
  label_noise: "unpredictable noise",
};

/** The target of a row in words. */
export function targetText(row: HeadlineRow): string {
  if (row.target === "residual") return `residual, epoch ${numberText(row.targetEpoch)}`;
  return targetNames[row.target] ?? row.target;
}

const textColumns: readonly (readonly [string, (row: HeadlineRow) => string])[] = [
  ["Jacobian", jacobianText],
  ["split", (row) => row.split],
  ["target", targetText],
  ["rank", (row) => String(row.rank)],
  ["inform.", (row) => ratioText(row.informationRatio)],
  ["nuisance", (row) => ratioText(row.nuisanceRatio)],
  ["random", (row) => ratioText(row.randomRatio)],
  ["inform.", (row) => ratioText(row.informationEnergy)],
  ["nuisance", (row) => ratioText(row.nuisanceEnergy)],
  ["constant", (row) => ratioText(row.constantEnergy)],
  ["true class", (row) => ratioText(row.trueClassEnergy)],
];
const firstNumber = 3;
const firstRatio = 4;
const firstEnergy = 7;

/** The headline table as plain text with lines of at most some 120 characters; empty for no rows. */
export function headlineText(rows: readonly HeadlineRow[]): string {
  return [...groupBy(rows, (row) => row.stage)]
    .map(([stage, own]) => `${stage}\n${stageText(own)}`)
    .join("\n");
}

function stageText(rows: readonly HeadlineRow[]): string {
  const cells = [
    textColumns.map(([name]) => name),
    ...rows.map((row) => textColumns.map(([, text]) => text(row))),
  ];
  const widths = textColumns.map((_, at) => Math.max(...cells.map((line) => line[at].length)));
  const lines = cells.map((line) =>
    line
      .map((cell, at) => (at < firstNumber ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
      .join("  "),
  );
  const start = (column: number) => widths.slice(0, column).reduce((sum, width) => sum + width + 2, 0);
  const over = `${"norm ratio".padStart(start(firstRatio) + "norm ratio".length).padEnd(start(firstEnergy))}energy`;
  return [over, lines[0], "─".repeat(lines[0].length), ...lines.slice(1)]
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
