import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { encodeArrow } from "../../../schemas/ipc.js";
import type { Bench } from "../bench.js";
import type { StageOutcome } from "../trial.js";

/** What is wrong with a stage by one law, in words that follow its name; undefined when nothing is. */
export type Law = (bench: Bench) => Promise<string | undefined>;

/** What a thrown value says, with its code if it is one of ours. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof JacoflowError ? `${error.code}: ${error.message}` : error.message;
}

/** That a run which had to end well did not. */
export function failed({ error }: StageOutcome): string | undefined {
  return error === undefined ? undefined : `it failed: ${textOf(error)}`;
}

/** Some milliseconds later: what a slow reader takes for a batch. */
export const soon = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** All that a run sent, in Arrow's bytes. */
export async function sentBytes({ batches }: StageOutcome): Promise<string> {
  const parts: string[] = [];
  for (const [port, sent] of Object.entries(batches)) {
    parts.push(port);
    for (const batch of sent) {
      parts.push(Buffer.concat(await encodeArrow(batch.schema, [batch], "stream")).toString("base64"));
    }
  }
  return parts.join("\n");
}

/** All files that a run left, by their paths in the run folder, but for checkpoints, which go when it is done; empty when it left none. */
export async function leftBytes({ runFolder }: { readonly runFolder: string }): Promise<string> {
  const entries = await readdir(runFolder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.startsWith(join(runFolder, "checkpoints/")));
  const parts: string[] = [];
  for (const path of paths.sort()) {
    parts.push(path.slice(runFolder.length), (await readFile(path)).toString("base64"));
  }
  return parts.join("\n");
}
