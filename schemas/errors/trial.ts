import { JacoflowError } from "./error.js";

const invalid = (code: string, message: string, value: unknown, remedy: string) =>
  new JacoflowError({ code, kind: "invalid", message, value, remedy });

/** Messages of stages that are tried alone, by `jacoflow/testing` and `jacoflow check-plugin`. */
export const trialErrors = {
  options: (stage: string, given: unknown, reason: string) =>
    invalid(
      "TRIAL_OPTIONS",
      `${stage} cannot be tried with the options ${JSON.stringify(given)}: ${reason}`,
      given,
      "Give options with examples in the schema, or a trial: the plugin's module exports `trials` by stage name.",
    ),

  noInput: (stage: string, port: string) =>
    invalid(
      "TRIAL_INPUT",
      `${stage} cannot be tried: its input "${port}" has nothing to read`,
      port,
      "Give the port a list of batches for each offer.",
    ),

  noPort: (stage: string, side: "input" | "output", port: string, there: readonly string[]) =>
    invalid(
      "TRIAL_PORT",
      `${stage} uses its ${side} "${port}", which it does not declare`,
      port,
      there.length === 0 ? `Declare it: it has no ${side}s.` : `Declare it, or use ${there.join(" or ")}.`,
    ),

  noBatch: (stage: string, port: string, sent: unknown) =>
    invalid(
      "TRIAL_BATCH",
      `${stage} sent on "${port}" what is no record batch`,
      sent,
      "Send what a table makes: metrics.batch({ … }, rows).",
    ),

  threwNothing: (stage: string) =>
    invalid("TRIAL_THREW_NOTHING", `${stage} threw undefined`, undefined, "Throw a JacoflowError."),

  noEngine: (stage: string) =>
    invalid(
      "TRIAL_ENGINE",
      `${stage} asks for an engine, and this trial has none`,
      stage,
      "Give the trial an `engine`.",
    ),
} as const;
