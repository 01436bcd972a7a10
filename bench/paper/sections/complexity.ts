import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, projected } from "../select.js";
import { spread } from "../spread.js";
import { growing } from "./corruption.js";

/** √(2 yᵀH⁻¹y/n), H with Var(V) as the file's kernel has it. */
export function complexityOf(run: PaperRun): number {
  const row = projected(run, { target: "label", jacobian: "initial" });
  const examples = Number(run.option("data", "train"));
  return Math.sqrt((2 * (row?.pseudo_inverse_norm ?? Number.NaN) ** 2) / examples);
}

const lastError = (run: PaperRun) => courseOf(run, "error", "test").at(-1)?.value ?? Number.NaN;

export const complexity: Section = {
  name: "complexity",
  title: "Neighbour: yᵀH⁻¹y against the test error (arXiv 1901.08584)",
  says: `H is the kernel of the theory's ReLU network in closed form, with all its eigenvectors; the network was trained by
gradient descent. A bound up to a constant.`,
  write: (runs) =>
    [
      table(
        ["wrong labels", "√(2 yᵀH⁻¹y/n)", "test error, end", "train error, end"],
        byOption(runs, "noise", "fraction").map(({ value, runs: own }) => [
          value,
          spread(own.map(complexityOf)),
          spread(own.map(lastError)),
          spread(own.map((run) => courseOf(run, "error", "train").at(-1)?.value)),
        ]),
      ),
      [
        claim("√(2 yᵀH⁻¹y/n) grows with every step of noise.", growing(runs, complexityOf)),
        claim("so does the test error.", growing(runs, lastError)),
      ].join("\n"),
    ].join("\n\n"),
};
