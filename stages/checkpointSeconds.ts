import { Type } from "typebox";

/** The option of stages that keep a journal; `what` is written when. */
export function checkpointSeconds(what: string) {
  return Type.Number({
    default: 30,
    minimum: 0,
    description: `${what} when as many seconds of work would be lost, for \`run --resume\`; 0: every time`,
  });
}
