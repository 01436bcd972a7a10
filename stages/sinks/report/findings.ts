import { missing, numberText, percentText, ratioText } from "../numberText.js";
import { adviceFinding } from "./advice.js";
import { type ErrorCurve, errorCurves } from "./errorCurves.js";
import { type HeadlineRow, headline } from "./headline.js";
import { byStage, type RunTables } from "./tables.js";

/** Sentences about one stage; where there are others of its kind, they say which. */
const told = (stage: string, count: number, sentences: readonly string[]) =>
  count === 1 ? sentences : sentences.map((sentence) => `${stage}: ${sentence}`);

/**
 * What the tables say in words, most telling first. Every number is one of the tables; *…* marks emphasis.
 * The verdicts (about as much as, more than) are chosen by the numbers beside them.
 */
export function findings(tables: RunTables, file?: unknown): readonly string[] {
  const rows = headline(tables, file);
  const curves = errorCurves(tables.metrics, file);
  const stages = [...new Set(rows.map((row) => row.stage))];
  return [
    ...stages.flatMap((stage) =>
      told(stage, stages.length, projectionFindings(rows.filter((row) => row.stage === stage))),
    ),
    ...curves.flatMap((curve) => told(curve.stage, curves.length, errorFindings(curve))),
    ...byStage(tables.advice, file).flatMap(({ rows: advice }) => adviceFinding(advice)),
  ]
    .filter((sentence) => !sentence.includes(missing))
    .map((sentence) => sentence.replaceAll(" %", "\u00a0%"));
}

function projectionFindings(rows: readonly HeadlineRow[]): readonly string[] {
  const first = rows.filter((row) => row.jacobian !== "final");
  const last = rows.filter((row) => row.jacobian === "final");
  const noise = trainNoise(first);
  return [
    ...labelFinding(first),
    ...(noise === undefined ? [] : [noiseFinding(noise)]),
    ...changeFinding(first, last),
  ];
}

/** Labels without noise: the clean target, or the given labels of a split that has none. */
function cleanLabels(rows: readonly HeadlineRow[]): HeadlineRow | undefined {
  const clean = rows.find((row) => row.target === "clean_label");
  if (clean !== undefined) return clean;
  const labels = rows.filter((row) => row.target === "label");
  // A part of the labels that the true class does not fix is noise.
  return labels.find((row) => row.trueClassEnergy > 1 - 1e-9);
}

function trainNoise(rows: readonly HeadlineRow[]): HeadlineRow | undefined {
  return rows.find(
    (row) => row.target === "label_noise" && row.split === "train" && row.informationRatio >= 0,
  );
}

const examplesText = (row: HeadlineRow) => (row.split === "train" ? "training examples" : "test examples");

/** The Jacobian of a row; `initial` may be that of a pretrained network, so it says nothing of training. */
function jacobianName(row: HeadlineRow): string {
  return row.jacobian === "only" ? "the Jacobian" : `the ${row.jacobian} Jacobian`;
}

function labelFinding(rows: readonly HeadlineRow[]): readonly string[] {
  const clean = cleanLabels(rows);
  const row = clean ?? rows.find((other) => other.target === "label");
  if (row === undefined) return [];
  const sentence =
    `*${percentText(row.informationEnergy)}* of the energy of the ${clean === undefined ? "" : "clean "}labels` +
    ` (norm ratio *${ratioText(row.informationRatio)}*) lies in the information space of ${jacobianName(row)}` +
    ` (its ${row.rank} leading left singular vectors, ${examplesText(row)});` +
    ` a random space of that dimension holds ${percentText(row.randomEnergy)} (${ratioText(row.randomRatio)}).`;
  return [sentence];
}

/** With spaces that do not break. */
const noiseFormula = "y\u00a0−\u00a0E[y\u00a0|\u00a0true\u00a0class]";

function noiseFinding(row: HeadlineRow): string {
  const times = row.informationRatio / row.randomRatio;
  const verdict =
    times > 1.25
      ? `${numberText(times, 2)} times as much as chance`
      : times < 0.8
        ? "less than chance"
        : "no more than chance, so this space says next to nothing about it";
  return (
    `The unpredictable part of the noise in the training labels, ${noiseFormula}, has a norm ratio of` +
    ` *${ratioText(row.informationRatio)}* on the information space of ${jacobianName(row)} on the training examples,` +
    ` where a random space has *${ratioText(row.randomRatio)}*: ${verdict}.`
  );
}

/** How the spaces changed between the first and the last Jacobian. */
function changeFinding(first: readonly HeadlineRow[], last: readonly HeadlineRow[]): readonly string[] {
  const target = trainNoise(last) === undefined ? "label" : "label_noise";
  const of = (rows: readonly HeadlineRow[]) =>
    rows.find((row) => row.target === target && row.split === "train");
  const [before, after] = [of(first), of(last)];
  if (before === undefined || after === undefined) return [];
  const times = after.informationRatio / before.informationRatio;
  const name = target === "label" ? "labels" : "unpredictable noise";
  const verdict =
    times > 1.25
      ? `the information space has absorbed the ${name}`
      : times < 0.8
        ? `the information space has turned away from the ${name}`
        : "it has hardly changed";
  const ratios = `from *${ratioText(before.informationRatio)}* to *${ratioText(after.informationRatio)}*`;
  const when = Number.isNaN(after.jacobianEpoch)
    ? `step ${numberText(after.jacobianStep)}`
    : `epoch ${numberText(after.jacobianEpoch)}`;
  if (target === "label" && times <= 1.25 && times >= 0.8) {
    return [`By ${when} the norm ratio of the labels on the information space has gone ${ratios}.`];
  }
  return [
    `By ${when} the norm ratio of the ${name} on the information space has gone ${ratios}` +
      ` (${percentText(after.informationEnergy)} of its energy): ${verdict}.`,
  ];
}

function errorFindings(curve: ErrorCurve): readonly string[] {
  const { best, last, trainFirst, trainLast, cleanTrainAtBest } = curve;
  if (best === undefined || last === undefined) return [];
  const cost = last.value - best.value;
  const lowest = `The test error is lowest, *${ratioText(best.value)}*, at epoch *${numberText(best.epoch)}*`;
  const training =
    trainFirst === undefined || trainLast === undefined || trainFirst.epoch === trainLast.epoch
      ? ""
      : `, while the error on the training labels as given goes from ${ratioText(trainFirst.value)} to ${ratioText(trainLast.value)}`;
  const sentences =
    last.epoch === best.epoch || cost <= Math.max(0.01, 0.1 * best.value)
      ? [
          `${lowest}, and *${ratioText(last.value)}* at the end (epoch ${numberText(last.epoch)})${training}: training to the end did no harm.`,
        ]
      : [
          `${lowest}; at epoch ${numberText(last.epoch)} it is *${ratioText(last.value)}*${training}.` +
            ` With hindsight, stopping at epoch ${numberText(best.epoch)} is better by ${numberText(100 * cost, 2)} percentage points.`,
        ];
  if (cleanTrainAtBest !== undefined) {
    const { given, clean, epoch } = cleanTrainAtBest;
    sentences.push(
      `At epoch ${numberText(epoch)} the network disagrees with *${percentText(given)}* of the training labels as given,` +
        ` but with only *${percentText(clean)}* of the clean ones: it has learnt the classes and not yet the noise.`,
    );
  }
  return sentences;
}
