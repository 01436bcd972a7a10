import { metrics } from "jacoflow";
import type { Request } from "./server.js";

/** A batch of one number. */
export const evaluation = (step: number, value: number) =>
  metrics.batch({ stage: "train", step, epoch: step, split: "train", name: "loss", value: [value] }, 1);

export interface Sent {
  readonly key: string;
  readonly value: number | string;
  readonly step: number;
}

/** The numbers that a server was sent and said yes to, in their order. */
export const numbersIn = (requests: readonly Request[]): readonly Sent[] =>
  requests.flatMap(({ body }) => (body.metrics as readonly Sent[] | undefined) ?? []);

/** Their steps. */
export const stepsIn = (requests: readonly Request[]) => numbersIn(requests).map(({ step }) => step);
