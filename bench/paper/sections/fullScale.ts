import { numberText } from "../../../stages/sinks/numberText.js";
import { table } from "../markdown.js";
import type { Section } from "../section.js";

export const fullScale: Section = {
  name: "full-scale",
  title: "Full scale: what the top 50 of a large Jacobian cost",
  single: true,
  says: `The Jacobian of a ResNet20 at its start with ten outputs, by block Krylov: never held. At size full it is that of all 50,000
images, 500,000 × 268,336.`,
  write: ([run]) => {
    const images = Number(run.option("data", "train"));
    const values = run.spectrum.filter((row) => row.stage === "svd");
    const worst = Math.max(...values.map((row) => row.residual_bound / row.singular_value));
    return table(
      ["images", "σ_1", "σ_50", "worst ‖Jᵀu − σv‖/σ", "seconds of the run", "milliseconds an image"],
      [
        [
          numberText(images),
          numberText(values[0]?.singular_value),
          numberText(values.find((row) => row.index === 50)?.singular_value),
          numberText(worst),
          numberText(run.seconds),
          numberText((1000 * run.seconds) / images),
        ],
      ],
    );
  },
};
