import { inPieces } from "../../schemas/inPieces.js";
import { encodeArrow } from "../../schemas/ipc.js";
import type { FileForm } from "./keptTables.js";

/** Batches of one schema as one Arrow IPC file. */
export const arrowForm: FileForm = {
  ending: "arrow",
  write: async (file, { schema, batches }) => {
    for (const piece of inPieces(await encodeArrow(schema, batches))) await file.append(piece);
  },
};
