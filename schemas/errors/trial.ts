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

  noEngine: (stage: string) =>
    invalid(
      "TRIAL_ENGINE",
      `${stage} asks for an engine, and this trial has none`,
      stage,
      "Give the trial an `engine`.",
    ),
} as const;
