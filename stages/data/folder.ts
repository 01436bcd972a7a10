import { readdir } from "node:fs/promises";
import { dataErrors } from "../../schemas/errors/data.js";

/**
 * The names in a folder of data. Errors: DATA_FOLDER_MISSING, or DATA_FILE_UNREADABLE for one that cannot be read.
 */
export async function listFolder(folder: string, place: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "ENOENT"
      ? dataErrors.missingFolder(folder, place)
      : dataErrors.unreadable(folder, error, place);
  }
}
