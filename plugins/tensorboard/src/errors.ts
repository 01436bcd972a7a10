import { JacoflowError } from "jacoflow";

/** Messages about event files. A place is a path. */
export const tensorboardErrors = {
  write: (path: string, cause: unknown) =>
    new JacoflowError({
      code: "TENSORBOARD_WRITE",
      kind: "run",
      message: `${path}: cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: path,
      value: path,
      remedy:
        "Free some space, or let `folder` name a folder that this user may write to and nobody else writes at once.",
      cause,
    }),
} as const;
