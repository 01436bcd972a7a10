import { JacoflowError } from "jacoflow";

const textOf = (cause: unknown): string => {
  // Of a name with several addresses each has failed, and the whole of them has no message.
  if (cause instanceof AggregateError) return cause.errors.map(textOf).join("; ");
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};

/** Messages about the tracking server and the spool. A place is an address, a file or an option. */
export const mlflowErrors = {
  url: (url: string, place: string) =>
    new JacoflowError({
      code: "MLFLOW_URL",
      kind: "invalid",
      message: `"${url}" is no address of an MLflow tracking server`,
      place,
      value: url,
      remedy:
        "Write http://HOST:PORT or https://HOST, without user or password: they come from MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    }),

  /** Its value is not said. */
  token: () =>
    new JacoflowError({
      code: "MLFLOW_TOKEN",
      kind: "invalid",
      message: "MLFLOW_TRACKING_TOKEN holds spaces, line ends or letters that no token has",
      place: "MLFLOW_TRACKING_TOKEN",
      remedy: "Set it to the token alone: a file it was read from may end in a line end.",
    }),

  parameter: (path: string, place: string) =>
    new JacoflowError({
      code: "MLFLOW_PARAMETER",
      kind: "run",
      message: `there is no value at "${path}" in the pipeline file`,
      place,
      value: path,
      remedy: "Name a value as --set does: seed, stages.noise.with.fraction.",
    }),

  /** The server understood and said no: trying again would change nothing. */
  refused: (address: string, status: number, answer: string, spool: string) =>
    new JacoflowError({
      code: "MLFLOW_REFUSED",
      kind: "run",
      message: `${address} answered ${status}: ${answer.slice(0, 500)}`,
      place: address,
      value: status,
      remedy: `Look at the server's log and at the user's rights. What was not sent is kept in ${spool}; \`npx jacoflow-mlflow ${spool}\` sends it later.`,
    }),

  /** The server could not be reached, or could not answer; trying again may help. */
  away: (address: string, cause: unknown) =>
    new JacoflowError({
      code: "MLFLOW_AWAY",
      kind: "run",
      message: `${address} does not answer: ${textOf(cause)}`,
      place: address,
      value: address,
      remedy: "Start the server, or mend the address in `url`.",
      cause,
    }),

  /** A folder that holds nothing to send, or none that can be read. */
  spool: (path: string, reason: string) =>
    new JacoflowError({
      code: "MLFLOW_SPOOL",
      kind: "run",
      message: `${path}: ${reason}`,
      place: path,
      value: path,
      remedy: "Name the mlflow folder of a run, as sink/mlflow left it.",
    }),

  write: (path: string, cause: unknown) =>
    new JacoflowError({
      code: "MLFLOW_WRITE",
      kind: "run",
      message: `${path}: cannot be written: ${textOf(cause)}`,
      place: path,
      value: path,
      remedy: "Free some space: what the server has not got yet is kept there.",
      cause,
    }),
} as const;
