import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { courseOf, projected } from "../select.js";
import { mean, spread } from "../spread.js";

const starts = ["published", "own", "random"] as const;
const tones = [1, 2, 3] as const;
type Start = (typeof starts)[number];

const nuisance = (run: PaperRun, start: Start) =>
  projected(run, { target: "residual", jacobian: "initial", stage: `project-${start}` });

const at = (run: PaperRun, start: Start, name: string, split: "train" | "test", place: number) =>
  courseOf(run, name, split, `train-${start}`).at(place)?.value ?? Number.NaN;

export const pretraining: Section = {
  name: "pretraining",
  title: "Pretraining (Theorem 2.3): what matters is Π_N r₀",
  says: `Three starts of a ResNet20 on the same images: published weights, an own short run on four other classes, and random; the head is
new in all, Adam for all. The published ones are of Yerlan Idelbayev's
[pytorch_resnet_cifar10](https://github.com/akamaster/pytorch_resnet_cifar10) (8.27 % error), converted and kept with their
licence in [\`test/golden/resnet20-pretrained\`](../test/golden/resnet20-pretrained): with batch normalisation, and trained on
all of CIFAR-10, so these training images are among those they know. With \`--set variables.weights=DIR\` a run takes another folder with
\`network.json\` and \`weights.safetensors\`.`,
  charts: (runs) =>
    (
      [
        { name: "loss", split: "train", title: "training loss" },
        { name: "error", split: "test", title: "test error" },
      ] as const
    ).map(({ name, split, title }) => ({
      key: `pretraining-${name}`,
      title: `From three starts: ${title}`,
      description: "Means over seeds; the table has the last values and their spread.",
      x: { label: "epoch", epochs: true },
      y: { label: title },
      series: starts.map((start, which) => ({
        name: start,
        tone: tones[which],
        points: courseOf(runs[0], name, split, `train-${start}`).map(({ epoch }, place) => ({
          x: epoch,
          y: mean(runs.map((run) => at(run, start, name, split, place))),
        })),
      })),
    })),
  write: (runs) => {
    const row = (start: Start) => [
      start,
      spread(runs.map((run) => nuisance(run, start)?.nuisance_norm)),
      spread(runs.map((run) => nuisance(run, start)?.nuisance_ratio)),
      spread(runs.map((run) => at(run, start, "loss", "train", 0))),
      spread(runs.map((run) => at(run, start, "loss", "train", -1))),
      spread(runs.map((run) => at(run, start, "error", "train", -1))),
      spread(runs.map((run) => at(run, start, "error", "test", -1))),
    ];
    const ordered = (of: (run: PaperRun, start: Start) => number) =>
      runs.map((run) => of(run, "published") < of(run, "random"));
    return [
      table(
        [
          "start",
          "‖Π_N r₀‖",
          "‖Π_N r₀‖/‖r₀‖",
          "train loss, start",
          "train loss, end",
          "train error, end",
          "test error, end",
        ],
        starts.map(row),
      ),
      [
        claim(
          "‖Π_N r₀‖ is smaller from published weights than from random ones.",
          ordered((run, start) => nuisance(run, start)?.nuisance_norm ?? Number.NaN),
        ),
        claim(
          "so is the training loss after as many epochs,",
          ordered((run, start) => at(run, start, "loss", "train", -1)),
        ),
        claim(
          "and so is the test error.",
          ordered((run, start) => at(run, start, "error", "test", -1)),
        ),
        claim(
          "‖Π_N r₀‖ is smaller from the own run than from random weights.",
          runs.map(
            (run) =>
              (nuisance(run, "own")?.nuisance_norm ?? Number.NaN) <
              (nuisance(run, "random")?.nuisance_norm ?? Number.NaN),
          ),
        ),
        claim(
          "an own run on other classes helps over random weights too: lower training loss.",
          runs.map((run) => at(run, "own", "loss", "train", -1) < at(run, "random", "loss", "train", -1)),
        ),
      ].join("\n"),
    ].join("\n\n");
  },
};
