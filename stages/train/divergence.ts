import type { Training, TrainingState } from "../../engine/engine.js";
import type { JournalState, StageContext } from "../../pipeline/stage.js";
import type { TrainOptions } from "./options.js";
import type { Finding } from "./report.js";

/** Where a training was when a loss was no longer finite. */
export interface DivergedAt {
  /** Steps done. */
  readonly step: number;
  readonly epoch: number;
  /** NaN or infinite. */
  readonly loss: number;
  /** Of the step before. */
  readonly rate: number;
}

type Settings = Pick<StageContext<Pick<TrainOptions, "onDivergence" | "halvings">>, "options" | "log">;

/** A network to go back to. */
interface Good {
  readonly step: number;
  readonly state: TrainingState;
}

/**
 * What becomes of a training whose loss is no longer finite: it stops, it continues, or it goes on from the network of the
 * last evaluation that was no worse than the first, with half the rate. (The last finite one would not do: before a loss
 * overflows it is so large that hardly any rate brings it down.)
 */
export class Divergence {
  readonly #settings: Settings;
  #good: Good | undefined;
  /** Loss of the first evaluation. */
  #first: number | undefined;
  #halved = 0;
  #told = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** What the learning rate is multiplied by. */
  get factor(): number {
    return 2 ** -this.#halved;
  }

  /** Whether there is a network to go back to, and the rate may be halved once more. */
  get canGoBack(): boolean {
    return this.#good !== undefined && this.#halved < this.#settings.options.halvings;
  }

  /** Hears of an evaluation whose losses are finite. */
  async remember(step: number, findings: readonly Finding[], training: Training): Promise<void> {
    if (this.#settings.options.onDivergence !== "halve-rate" || findings.length === 0) return;
    const { loss } = findings[0].evaluation;
    this.#first ??= loss;
    if (loss <= this.#first) this.#good = { step, state: await training.state() };
  }

  /** Halves the rate and takes up the network to go back to. Only where {@link canGoBack}. */
  async goBack(training: Training, at: DivergedAt): Promise<void> {
    const { step, state } = this.#good!;
    await training.restore(state);
    this.#halved += 1;
    const times = `halved ${this.#halved} of at most ${this.#settings.options.halvings} times`;
    const how = `it goes on from the network after ${step} steps with half the learning rate, ${times}`;
    this.#warn(at, how, { from: step, halved: this.#halved });
  }

  /** Says once that the training goes on though its loss is not finite. */
  tell(at: DivergedAt): void {
    if (this.#told) return;
    this.#told = true;
    this.#warn(at, "it goes on, as onDivergence says", {});
  }

  /** What a journal has to keep of it. */
  get kept(): JournalState {
    const facts = { halved: this.#halved, first: this.#first ?? null, told: this.#told };
    if (this.#good === undefined) return { facts, arrays: {} };
    const { step, state } = this.#good;
    const moments = Object.fromEntries(state.moments.map((values, at) => [`good moment ${at + 1}`, values]));
    return {
      facts: { ...facts, goodStep: step, goodSteps: state.steps },
      arrays: { "good parameters": state.parameters, ...moments },
    };
  }

  /** As it was when a journal kept it. */
  restore({ facts, arrays }: JournalState): void {
    this.#halved = facts.halved as number;
    this.#first = (facts.first as number | null) ?? undefined;
    this.#told = facts.told as boolean;
    if (facts.goodStep === undefined) return;
    const moments = Object.keys(arrays).filter((name) => name.startsWith("good moment "));
    this.#good = {
      step: facts.goodStep as number,
      state: {
        steps: facts.goodSteps as number,
        parameters: arrays["good parameters"] as Float32Array,
        moments: moments.map((name) => arrays[name] as Float32Array),
      },
    };
  }

  #warn(at: DivergedAt, how: string, facts: Readonly<Record<string, unknown>>): void {
    const { step, epoch, loss, rate } = at;
    const where = `after ${step} steps (epoch ${Number(epoch.toFixed(3))}, learning rate ${rate})`;
    const all = { step, epoch, loss: String(loss), rate, ...facts };
    this.#settings.log("warning", `the loss is ${loss} ${where}: ${how}`, all);
  }
}

/** The first loss that is not finite; NaN where there are none and a parameter is not; undefined where all is well. */
export function brokenLoss(findings: readonly Finding[], parameters: Float32Array): number | undefined {
  const broken = findings.find(({ evaluation }) => !Number.isFinite(evaluation.loss));
  if (broken !== undefined) return broken.evaluation.loss;
  return findings.length > 0 || parameters.every(Number.isFinite) ? undefined : Number.NaN;
}
