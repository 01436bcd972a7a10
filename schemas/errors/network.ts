import { JacoflowError } from "./error.js";

/** Messages about networks, weights and engines. */
export const networkErrors = {
  /** A network description that cannot be: wrong form, shape, name or value of a layer. */
  invalidLayer: (layer: string, reason: string, remedy: string, value?: unknown): JacoflowError =>
    new JacoflowError({
      code: "INVALID_LAYER",
      kind: "invalid",
      message: `layer ${layer}: ${reason}`,
      place: layer,
      value,
      remedy,
    }),
} as const;
