import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { mlflowErrors } from "./errors.js";
import type { Counts } from "./spoolState.js";

/** What the server got before the spool was removed: a run that is resumed sends none of it again. */
export interface Sent {
  /** Whether it is all there is. */
  readonly isAll: boolean;
  /** The server's id of the run. */
  readonly run: string;
  readonly counts: Counts;
}

export async function readSent(path: string): Promise<Sent | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Sent;
  } catch {
    return undefined;
  }
}

/** Errors: MLFLOW_WRITE. */
export async function writeSent(path: string, sent: Sent): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.tmp`, JSON.stringify(sent));
    await rename(`${path}.tmp`, path);
  } catch (error) {
    throw mlflowErrors.write(path, error);
  }
}
