import { extent } from "../extent.js";
import { numberText, ratioText } from "../numberText.js";
import type { Chart, Series } from "./chart.js";
import { curveOf, lowest, type Moment } from "./errorCurves.js";
import type { MetricRow } from "./tables.js";

const asPoints = (curve: readonly Moment[]) => curve.map(({ epoch, value }) => ({ x: epoch, y: value }));
const epochs = { label: "epoch", epochs: true } as const;

/** Whether the second curve is there and another than the first. */
function differs(left: readonly Moment[], right: readonly Moment[]): boolean {
  if (right.length === 0) return false;
  return left.length !== right.length || left.some((moment, at) => moment.value !== right[at].value);
}

/** Errors of a training stage over epochs, its best epoch marked. */
export function errorChart(stage: string, rows: readonly MetricRow[]): Chart {
  const train = curveOf(rows, "train", "error");
  const cleanTrain = curveOf(rows, "train", "clean_error");
  const test = curveOf(rows, "test", "error");
  const cleanTest = curveOf(rows, "test", "clean_error");
  const testNoisy = differs(test, cleanTest);
  const best = lowest(test);
  const last = test.at(-1);
  const series: Series[] = [
    { name: "training, labels as given", tone: 1, points: asPoints(train) },
    ...(differs(train, cleanTrain)
      ? [{ name: "training, clean labels", tone: 1, dashed: true, points: asPoints(cleanTrain) } as const]
      : []),
    { name: testNoisy ? "test, labels as given" : "test", tone: 2, points: asPoints(test) },
    ...(testNoisy
      ? [{ name: "test, clean labels", tone: 2, dashed: true, points: asPoints(cleanTest) } as const]
      : []),
  ];
  return {
    key: `${stage}-error`,
    title: "Error",
    description:
      best === undefined || last === undefined
        ? "Share of examples misjudged, over epochs."
        : `Share of examples misjudged, over epochs. The test error is lowest, ${ratioText(best.value)}, at epoch ${numberText(best.epoch)} and ${ratioText(last.value)} at epoch ${numberText(last.epoch)}.`,
    x: epochs,
    y: { label: "share of examples" },
    series: series.filter(({ points }) => points.length > 0),
    marks:
      best === undefined
        ? []
        : [
            {
              x: best.epoch,
              y: best.value,
              tone: 2,
              text: `${ratioText(best.value)} at ${numberText(best.epoch)}`,
            },
          ],
  };
}

/** Loss of a training stage over epochs; logarithmic when it falls more than thirtyfold. */
export function lossChart(stage: string, rows: readonly MetricRow[]): Chart {
  const train = curveOf(rows, "train", "loss");
  const test = curveOf(rows, "test", "loss");
  const [low, high] = extent([...train, ...test].map((moment) => moment.value));
  return {
    key: `${stage}-loss`,
    title: "Loss",
    description: `Loss on training and test examples over epochs, between ${numberText(low)} and ${numberText(high)}.`,
    x: epochs,
    y: { label: "loss", logarithmic: low > 0 && high / low > 30 },
    series: [
      { name: "training", tone: 1, points: asPoints(train) },
      { name: "test", tone: 2, points: asPoints(test) },
    ].filter(({ points }) => points.length > 0) as Series[],
  };
}

/** How far the parameters have gone from where they began. */
export function distanceChart(stage: string, rows: readonly MetricRow[]): Chart {
  const distance = curveOf(rows, "train", "parameter_distance");
  return {
    key: `${stage}-distance`,
    title: "Distance of the parameters from their start",
    description: `‖w − w₀‖ over epochs; ${numberText(distance.at(-1)?.value)} at the end.`,
    x: epochs,
    y: { label: "‖w − w₀‖" },
    series: [{ name: "‖w − w₀‖", tone: 3, points: asPoints(distance) }],
  };
}

/** The learning rate, if it ever changes. */
export function learningRateChart(stage: string, rows: readonly MetricRow[]): readonly Chart[] {
  const rate = curveOf(rows, "train", "learning_rate");
  if (rate.every((moment) => moment.value === rate[0].value)) return [];
  return [
    {
      key: `${stage}-rate`,
      title: "Learning rate",
      description: `From ${numberText(rate[0].value)} to ${numberText(rate.at(-1)?.value)}.`,
      x: epochs,
      y: { label: "learning rate" },
      series: [{ name: "learning rate", tone: 4, points: asPoints(rate) }],
    },
  ];
}
