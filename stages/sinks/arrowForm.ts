import { encodeArrow } from "../../schemas/ipc.js";
import type { FileForm } from "./keptTables.js";

/** Batches of one schema as one Arrow IPC file. */
export const arrowForm: FileForm = {
  ending: "arrow",
  write: async (file, { schema, batches }) => {
    for (const chunk of await encodeArrow(schema, batches)) await file.append(chunk);
  },
};
