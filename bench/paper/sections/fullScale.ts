import { numberText } from "../../../stages/sinks/numberText.js";
import { table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";

export const fullScale: Section = {
  name: "full-scale",
  title: "Full scale: what the top 50 of a large Jacobian cost",
  single: true,
  says: `The Jacobian of a ResNet20 at its start with ten outputs, by block Krylov: never held. At size full it is that of all 50,000
images, 500,000 × 268,336, 536 GB in float32. A sweep is one pass over the images with 75 columns and what is made of it until the
next; processor time is that of all threads, which other programs beside it prolong less than the seconds. A run that is killed goes
on after its last whole sweep with the same command.`,
  write: ([run]) => `${valuesOf(run)}\n\n${costOf(run)}`,
};

const imagesOf = (run: PaperRun) => Number(run.option("data", "train"));

function valuesOf(run: PaperRun): string {
  const values = run.spectrum.filter((row) => row.stage === "svd");
  const worst = Math.max(...values.map((row) => row.residual_bound / row.singular_value));
  const energy = values.reduce((sum, row) => sum + row.energy_share, 0);
  return table(
    ["images", "σ_1", "σ_10", "σ_50", "share of ‖J‖_F² in the top 50", "worst ‖Jᵀu − σv‖/σ"],
    [
      [
        numberText(imagesOf(run)),
        ...[1, 10, 50].map((index) => numberText(values.find((row) => row.index === index)?.singular_value)),
        numberText(energy),
        numberText(worst),
      ],
    ],
  );
}

function costOf(run: PaperRun): string {
  const images = imagesOf(run);
  const rows = run.sweeps.map(({ seconds, processorSeconds }, index) => [
    `sweep ${index + 1}`,
    numberText(seconds),
    numberText(processorSeconds),
    numberText((1000 * processorSeconds) / images),
  ]);
  const sum = (of: (sweep: PaperRun["sweeps"][number]) => number) =>
    run.sweeps.reduce((total, sweep) => total + of(sweep), 0);
  const seconds = numberText(sum((sweep) => sweep.seconds));
  const processorSeconds = numberText(sum((sweep) => sweep.processorSeconds));
  return [
    table(["", "seconds", "processor seconds", "processor milliseconds an image"], rows),
    `Together ${seconds} s, ${processorSeconds} s of processor time; at most ${numberText(run.peakMemoryBytes / 1e9)} GB of memory.`,
  ].join("\n\n");
}
