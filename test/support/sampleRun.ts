import type { Split } from "../../schemas/columns.js";
import {
  type MetricRow,
  noTables,
  type ProjectionRow,
  type RunFacts,
  type RunTables,
  type SpectrumRow,
} from "../../stages/sinks/report/tables.js";

/** The learning curves of the paper's claim at the size of the demo, made up: 3 classes, half of 1500 labels changed. */
const classes = 3;
const fraction = 0.5;
const examples = { train: 1500, test: 900 } as const;
const rank = 50;
const stepsPerEpoch = 24;
export const lastEpoch = 150;
export const bestEpoch = 4;

const splits: readonly Split[] = ["train", "test"];
const wobble = (at: number) => 0.008 * Math.sin(at * 12.9898) * Math.cos(at * 4.1);
const learnt = (epoch: number) => 1 - Math.exp(-epoch / 1.2);
const memorised = (epoch: number) => 1 - Math.exp(-Math.max(0, epoch - 2) / 45);

export function testError(epoch: number): number {
  if (epoch === bestEpoch) return 0.118;
  return Math.max(0.125, 0.66 - 0.53 * learnt(epoch) + 0.37 * memorised(epoch) + wobble(epoch));
}

function evaluation(epoch: number): readonly MetricRow[] {
  const row = (split: Split, name: string, value: number): MetricRow => ({
    stage: "train",
    step: epoch * stepsPerEpoch,
    epoch,
    split,
    name,
    value,
  });
  const given = Math.max(0.012, 0.62 - 0.1 * learnt(epoch) - 0.54 * memorised(epoch) + wobble(epoch + 3));
  const clean = Math.max(0.09, 0.64 - 0.54 * learnt(epoch) + 0.42 * memorised(epoch) + wobble(epoch + 5));
  return [
    row("train", "loss", 0.33 * Math.exp(-epoch / 60) + 0.008),
    row("train", "error", given),
    row("train", "clean_error", clean),
    row("test", "loss", 0.33 - 0.17 * learnt(epoch) + 0.2 * memorised(epoch)),
    row("test", "error", testError(epoch)),
    row("test", "clean_error", testError(epoch)),
    row("train", "parameter_distance", 4.2 * Math.sqrt(epoch / lastEpoch)),
    row("train", "learning_rate", 0.05),
  ];
}

function values(epoch: number, split: Split): readonly SpectrumRow[] {
  const growth = 1 + 3 * memorised(epoch) + 0.6 * learnt(epoch);
  return Array.from({ length: rank + 1 }, (_, at) => {
    const value =
      (at < 3 ? 180 - at : (60 * growth) / (at - 1) ** (0.9 - 0.3 * memorised(epoch))) *
      (split === "train" ? 1 : 0.78);
    return {
      stage: "svd",
      jacobian_step: epoch * stepsPerEpoch,
      epoch,
      split,
      index: at + 1,
      singular_value: value,
      residual_bound: value * 1e-5,
      energy_share: value ** 2 / (120_000 * growth),
      method: "block-krylov",
      exact: false,
    };
  });
}

/** A projection row from the norm of a target and its ratio on the information space. */
export function projectionRow(given: {
  readonly epoch: number;
  readonly jacobianEpoch: number;
  readonly split: Split;
  readonly target: string;
  readonly norm: number;
  readonly ratio: number;
  readonly constant?: number;
}): ProjectionRow {
  const { epoch, jacobianEpoch, split, target, norm, ratio } = given;
  return {
    stage: "project",
    step: epoch * stepsPerEpoch,
    epoch,
    split,
    jacobian_step: jacobianEpoch * stepsPerEpoch,
    target,
    rank,
    cutoff: 1.9,
    gap: 1.04,
    information_norm: norm * ratio,
    nuisance_norm: norm * Math.sqrt(1 - ratio ** 2),
    information_ratio: ratio,
    nuisance_ratio: Math.sqrt(1 - ratio ** 2),
    information_energy: ratio ** 2,
    pseudo_inverse_norm: (norm * ratio) / 20,
    random_ratio: Math.sqrt(rank / (examples[split] * classes)),
    constant_energy: given.constant ?? 0,
  };
}

function projections(
  jacobianEpoch: number,
  split: Split,
  epochs: readonly number[],
): readonly ProjectionRow[] {
  const n = examples[split];
  const late = memorised(jacobianEpoch);
  const noisy = split === "train";
  const agreement = 1 - fraction;
  const fixed = agreement ** 2 + fraction ** 2 / (classes - 1);
  const row = (target: string, norm: number, ratio: number, constant?: number) =>
    projectionRow({
      epoch: jacobianEpoch,
      jacobianEpoch,
      split,
      target,
      norm,
      ratio,
      ...(constant === undefined ? {} : { constant }),
    });
  const none = { information_ratio: Number.NaN, nuisance_ratio: Number.NaN, information_energy: Number.NaN };
  const noise = row("label_noise", noisy ? Math.sqrt(n * (1 - fixed)) : 0, 0.093 + 0.36 * late);
  const change = row("label_change", noisy ? Math.sqrt(2 * fraction * n) : 0, 0.541 + 0.1 * late);
  return [
    row("clean_label", Math.sqrt(n), 0.915 + 0.02 * late, 1 / classes),
    row("label", Math.sqrt(n), noisy ? 0.612 + 0.13 * late : 0.915 + 0.02 * late, 1 / classes),
    row(
      "centred_label",
      Math.sqrt(n * (1 - 1 / classes)),
      noisy ? 0.235 + 0.3 * late : 0.87 + 0.05 * late,
      0,
    ),
    noisy ? noise : { ...noise, ...none },
    noisy ? change : { ...change, ...none },
    ...epochs.map((epoch) => {
      const information =
        (noisy ? 0.62 : 0.95) * (1 - 0.93 * learnt(epoch)) + (noisy ? 0 : 0.1 * memorised(epoch));
      const nuisance = noisy ? 0.79 - 0.6 * memorised(epoch) : 0.35 + 0.35 * memorised(epoch);
      const norm = Math.sqrt(n) * Math.hypot(information, nuisance);
      const target = { epoch, jacobianEpoch, split, target: "residual", norm };
      return projectionRow({
        ...target,
        ratio: information / Math.hypot(information, nuisance),
        constant: 0.02,
      });
    }),
  ];
}

const evaluated = Array.from({ length: lastEpoch + 1 }, (_, epoch) => epoch);
const snapshots = [0, 2, 10, 50, lastEpoch];

export const sampleTables: RunTables = {
  ...noTables,
  metrics: [
    ...evaluated.flatMap(evaluation),
    ...snapshots.flatMap((epoch) =>
      splits.map(
        (split): MetricRow => ({
          stage: "svd",
          step: epoch * stepsPerEpoch,
          epoch,
          split,
          name: "jacobian_norm",
          value: 346 * Math.sqrt(1 + 3 * memorised(epoch) + 0.6 * learnt(epoch)),
        }),
      ),
    ),
  ],
  spectrum: snapshots.flatMap((epoch) => splits.flatMap((split) => values(epoch, split))),
  projection: [0, lastEpoch].flatMap((jacobian) =>
    splits.flatMap((split) => projections(jacobian, split, evaluated)),
  ),
  angles: [],
};

export const sampleRun: RunFacts = {
  name: "noisy-fashion",
  seed: 7,
  file: {
    name: "noisy-fashion",
    seed: 7,
    engine: "auto",
    stages: {
      data: { uses: "data/idx", with: { path: "data/fashion-3", train: 1500, test: 900 } },
      noise: { uses: "labels/noise", from: "data", with: { fraction: 0.5, kind: "uniform-other" } },
      network: { uses: "network/init", from: "noise", with: { architecture: "mlp", hidden: [128, 64] } },
      train: { uses: "train/gradient-descent", from: ["noise", "network"], with: { epochs: 150 } },
      svd: { uses: "jacobian/spectrum", from: ["noise", "train.snapshots"], with: { rank: 50 } },
      project: { uses: "metrics/projection", from: ["noise", "svd.basis", "train.predictions"] },
      report: { uses: "sink/report", from: ["train.metrics", "svd.spectrum", "project"] },
    },
  },
  classes: ["T-shirt/top", "Trouser", "Pullover"],
  complete: true,
};
