import type { NamedLabelNoise } from "../../../pipeline/stage.js";
import { sentBytes, textOf } from "../laws/law.js";
import { undocumented } from "../laws/options.js";
import type { StageOutcome } from "../trial.js";
import {
  type AdditionLaw,
  type AdditionTrial,
  examplesOf,
  givenOptions,
  inconstancy,
  refusal,
} from "./trial.js";

type Options = Readonly<Record<string, unknown>>;
type NoiseLaw = AdditionLaw<NamedLabelNoise>;
type NoiseTrial = AdditionTrial<NamedLabelNoise>;

/** Numbers of classes a law is tried with; it need not know all of them. */
const classCounts = [2, 3, 10];

const noised = ({ name, run }: NoiseTrial, options: Options, classes: number) =>
  run("labels/noise", {
    options: { ...options, kind: name, fraction: 0.5 },
    inputs: { examples: [[examplesOf([1], classes)]] },
  });

/** Calls `find` with every choice of options and number of classes that the law takes; it has to take one. */
async function everywhere(
  trial: NoiseTrial,
  find: (options: Options, classes: number, half: StageOutcome) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const options of trial.choices) {
    let refused: unknown;
    let taken = 0;
    for (const classes of classCounts) {
      const half = await noised(trial, options, classes);
      const thrown =
        half.error === undefined
          ? undefined
          : refusal(() => trial.thing.law(givenOptions(trial.thing, options), classes));
      if (thrown !== undefined) {
        refused = thrown;
        continue;
      }
      taken += 1;
      const reason = half.error === undefined ? await find(options, classes, half) : textOf(half.error);
      if (reason !== undefined) return `${JSON.stringify(options)} for ${classes} classes: ${reason}`;
    }
    if (taken === 0) return `${JSON.stringify(options)} fit no number of classes: ${textOf(refused)}`;
  }
}

const probabilities: NoiseLaw = (trial) => everywhere(trial, async () => undefined);

const sameAgain: NoiseLaw = (trial) =>
  everywhere(trial, async (options, classes, half) => {
    const filled = givenOptions(trial.thing, options);
    const reason = inconstancy(() => trial.thing.law(filled, classes));
    if (reason !== undefined) return reason;
    const again = await noised(trial, options, classes);
    if ((await sentBytes(half)) !== (await sentBytes(again))) return "the same seed gave other labels";
  });

/** The laws of label noises, in the order in which they are tried; what `labels/noise` sees to itself is none of theirs. */
export const labelNoiseLaws = {
  "options documented": async ({ thing }: NoiseTrial) => undocumented(thing.options),
  "rows of probabilities": probabilities,
  "deterministic under a seed": sameAgain,
} as const;
