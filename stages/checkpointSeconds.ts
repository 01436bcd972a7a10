import { Type } from "typebox";

/** Between two checkpoints of a stage unless its options say otherwise. */
export const usualSeconds = 30;

/** The option of stages that keep a journal; `what` is written when. */
export function checkpointSeconds(what: string) {
  return Type.Number({
    default: usualSeconds,
    minimum: 0,
    description: `${what} when as many seconds of work would be lost, for \`run --resume\`; 0: every time`,
  });
}
