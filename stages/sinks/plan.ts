import type { PlanContext, StagePlan, TableName } from "../../pipeline/stage.js";
import { bytesPerPart } from "./parts.js";

/**
 * A sink of files holds the batches of each table's last part and, while it writes them, `copies` of the same: those of a
 * whole part where the bytes of a table are not known.
 */
export function planKept({ offers }: PlanContext, copies: (table: TableName) => number): StagePlan {
  const memoryBytes = (offers.tables ?? []).reduce(
    (sum, { bytes = bytesPerPart, origin }) =>
      sum + (1 + copies(origin.table)) * Math.min(bytes, bytesPerPart),
    0,
  );
  return { memoryBytes, work: { flops: 0, seconds: 0 } };
}

/** JavaScript objects of the rows gathered, once more for the thread that draws. */
export function planGathered({ offers }: PlanContext, isGathered: (table: TableName) => boolean): StagePlan {
  const work = { flops: 0, seconds: 0 };
  let rows = 0;
  for (const { rows: own, origin } of offers.tables ?? []) {
    if (!isGathered(origin.table)) continue;
    if (own === undefined) return { work };
    rows += own;
  }
  return { memoryBytes: drawing + 2 * bytesPerRow * rows, work };
}

/** Bytes of the thread that draws and its libraries (measured). */
const drawing = 25e6;

/** Of an object of a dozen numbers and texts, with what is collected only later of making it. */
const bytesPerRow = 1800;
