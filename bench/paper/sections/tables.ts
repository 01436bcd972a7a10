import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, projected, type Wanted } from "../select.js";
import { spread } from "../spread.js";

/** Tables 1 and 2 of arXiv 1906.05392: ‖Π_I y‖/‖y‖, ‖Π_N y‖/‖y‖, ‖Π_I r₀‖/‖r₀‖, ‖Π_N r₀‖/‖r₀‖. */
const published: Readonly<Record<string, readonly string[]>> = {
  "0 initial": ["0.38081", "0.92465", "0.37114", "0.92858"],
  "0 final": ["0.9869", "0.16131", "0.98669", "0.1626"],
  "0.5 initial": ["0.32762", "0.94481", "0.32152", "0.9469"],
  "0.5 final": ["0.8956", "0.44487", "0.89597", "0.44412"],
};

const jacobians = ["initial", "final"] as const;
const targets = ["clean_label", "label", "centred_label", "label_change", "label_noise", "residual"];

const ratios = (runs: readonly PaperRun[], wanted: Wanted, column: "information_ratio" | "nuisance_ratio") =>
  spread(runs.map((run) => projected(run, wanted)?.[column]));

function mainTable(runs: readonly PaperRun[]): string {
  const rows = byOption(runs, "noise", "fraction").flatMap(({ value: fraction, runs: noisy }) =>
    jacobians.flatMap((jacobian) => [
      [
        `${fraction}`,
        jacobian,
        "the paper",
        ...(published[`${fraction} ${jacobian}`] ?? ["–", "–", "–", "–"]),
      ],
      ...byOption(noisy, "train", "optimizer").map(({ value: optimizer, runs: own }) => [
        fraction,
        jacobian,
        `ours, ${optimizer} (${own.length} ${own.length === 1 ? "seed" : "seeds"})`,
        ...(["label", "residual"] as const).flatMap((target) => [
          ratios(own, { target, jacobian }, "information_ratio"),
          ratios(own, { target, jacobian }, "nuisance_ratio"),
        ]),
      ]),
    ]),
  );
  return table(
    ["wrong labels", "Jacobian", "run", "‖Π_I y‖/‖y‖", "‖Π_N y‖/‖y‖", "‖Π_I r₀‖/‖r₀‖", "‖Π_N r₀‖/‖r₀‖"],
    rows,
    3,
  );
}

/** Every target, both splits; with what chance, the constant directions and the true class alone would give. */
function targetTable(runs: readonly PaperRun[]): string {
  const rows = byOption(runs, "noise", "fraction").flatMap(({ value: fraction, runs: noisy }) =>
    byOption(noisy, "train", "optimizer").flatMap(({ value: optimizer, runs: own }) =>
      jacobians.flatMap((jacobian) =>
        (["train", "test"] as const).flatMap((split) =>
          targets.flatMap((target) => {
            const found = own.map((run) => projected(run, { target, jacobian, split }));
            const known = found.filter((row) => row !== undefined && row.information_ratio >= 0);
            if (known.length === 0) return [];
            const of = (
              column: "information_ratio" | "nuisance_ratio" | "pseudo_inverse_norm" | "random_ratio",
            ) => spread(known.map((row) => row?.[column]));
            return [
              [
                ...[fraction, optimizer, jacobian, split, target],
                ...[of("information_ratio"), of("nuisance_ratio"), of("pseudo_inverse_norm")],
                known[0]?.random_ratio.toFixed(3) ?? "–",
                spread(known.map((row) => row?.constant_energy)),
              ],
            ];
          }),
        ),
      ),
    ),
  );
  return table(
    [
      "wrong",
      "optimizer",
      "Jacobian",
      "split",
      "target v",
      "‖Π_I v‖/‖v‖",
      "‖Π_N v‖/‖v‖",
      "‖J_I† v‖",
      "random space",
      "constant energy",
    ],
    rows,
    5,
  );
}

function baselines(runs: readonly PaperRun[]): string {
  const classes = classCount(runs[0]);
  const share = (rho: number) => (1 - rho) ** 2 + rho ** 2 / (classes - 1);
  const random = projected(runs[0], { target: "label", jacobian: "initial" })?.random_ratio;
  return `Baselines for K = ${classes}: a random space of the same rank holds the norm ratio ${random?.toFixed(3)} of any target; the K
constant directions hold 1/K = ${(1 / classes).toFixed(3)} of the energy of balanced labels; of labels half of which are wrong the true
class alone explains the energy share (1−ρ)² + ρ²/(K−1) = ${share(0.5).toFixed(3)}, a norm ratio of ${Math.sqrt(share(0.5)).toFixed(3)}.`;
}

/** K, by the share of the energy of a clean one-hot label that the constant directions hold: 1/K where balanced. */
function classCount(run: PaperRun): number {
  const row = projected(run, { target: "clean_label", jacobian: "initial" });
  return Math.round(1 / (row?.constant_energy ?? Number.NaN));
}

function errors(runs: readonly PaperRun[]): string {
  const rows = byOption(runs, "noise", "fraction").flatMap(({ value: fraction, runs: noisy }) =>
    byOption(noisy, "train", "optimizer").map(({ value: optimizer, runs: own }) => [
      ...[fraction, optimizer, String(own[0].option("train", "epochs"))],
      spread(own.map((run) => courseOf(run, "error", "train").at(-1)?.value)),
      spread(own.map((run) => courseOf(run, "error", "test").at(-1)?.value)),
    ]),
  );
  return table(["wrong labels", "optimizer", "epochs", "train error", "test error"], rows, 2);
}

function claims(runs: readonly PaperRun[]): string {
  const ratio = (run: PaperRun, target: string, jacobian: "initial" | "final") =>
    projected(run, { target, jacobian })?.information_ratio ?? Number.NaN;
  const turn = (run: PaperRun, target: string) => ratio(run, target, "final") - ratio(run, target, "initial");
  const clean = runs.filter((run) => run.option("noise", "fraction") === 0);
  const noisy = runs.filter((run) => run.option("noise", "fraction") !== 0);
  return [
    claim(
      "at the start the information space holds more of the labels than a random space does.",
      runs.map((run) => {
        const row = projected(run, { target: "label", jacobian: "initial" });
        return row !== undefined && row.information_ratio > row.random_ratio;
      }),
    ),
    ...(
      [
        ["clean labels", clean],
        ["labels half of which are wrong", noisy],
      ] as const
    ).map(([name, own]) =>
      claim(
        `training turns the information space towards ${name}: it holds more of them at the end (norm ratio by ${spread(own.map((run) => turn(run, "label")))} more, ± over these runs).`,
        own.map((run) => turn(run, "label") > 0),
      ),
    ),
    claim(
      "clean labels lie further on the information space of the last Jacobian than half wrong ones (same seed and optimizer).",
      clean.flatMap((run) =>
        noisy
          .filter(
            (other) =>
              other.seed === run.seed &&
              other.option("train", "optimizer") === run.option("train", "optimizer"),
          )
          .map((other) => ratio(run, "label", "final") > ratio(other, "label", "final")),
      ),
    ),
    claim(
      `the last Jacobian holds more of the unpredictable noise than the first (norm ratio by ${spread(noisy.map((run) => turn(run, "label_noise")))} more, ± over these runs).`,
      noisy.map((run) => turn(run, "label_noise") > 0),
    ),
  ].join("\n");
}

const write = (runs: readonly PaperRun[]): string =>
  [
    mainTable(runs),
    baselines(runs),
    claims(runs),
    errors(runs),
    `<details><summary>Every target, training and test examples</summary>\n\n${targetTable(runs)}\n\n</details>`,
  ].join("\n\n");

export const threeClasses: Section = {
  name: "tables-1-2",
  title: "Tables 1 and 2: labels and first residual on both spaces",
  says: `The paper: ResNet20 without normalisation on all of CIFAR-10, 400 epochs (800 with wrong labels), rank 50. Norm ratios on the
training examples. Its rows are printed beside ours whatever our size.`,
  small: `Size small is the same network on three classes of 1,000 images, 15 epochs, the Jacobian of 500 of them. Two things
differ from the paper for that reason. Rank 50 is one in 30 of the 1,500 directions instead of one in 10,000, and of three
classes the constant directions alone hold a third of the labels' energy instead of a tenth: the rows of the first Jacobian are
larger than the paper's. And 360 steps instead of 156,000 have not fitted the labels (the training errors are below), so the last
Jacobian has turned less: its rows are smaller, above all with half of the labels wrong, which SGD has hardly begun to fit.`,
  write,
};

export const tenClasses: Section = {
  name: "tables-1-2-ten-classes",
  title: "Tables 1 and 2 with ten classes",
  says: "As above with all ten classes.",
  small:
    "3,000 images in all, the Jacobian of 500 of them: rank 50 of 5,000 directions. Only the seeds that the table at the top\nlists were run for this page; of a single one no spread can be given, and what is seen in it may be chance.",
  write,
};
