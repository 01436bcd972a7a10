import { type RecordBatch, Table } from "apache-arrow";
import type { AnyStage } from "../../plugins/kit/trial.js";
import { readExamples } from "../../stages/examples.js";
import { checkStage, runStage } from "../support/stage.js";

/** What is wrong with examples that were accepted: every number finite, every label a class, every id once. */
export function complaintAbout(batch: RecordBatch): string | undefined {
  const set = readExamples(new Table([batch]));
  const size = set.shape.reduce((product, side) => product * side, 1);
  if (set.train === undefined && set.test === undefined) return "no examples";
  for (const part of [set.train, set.test]) {
    if (part === undefined) continue;
    const { ids, labels, cleanLabels, features, split } = part;
    if (features.columns !== size || features.values.length !== size * labels.length)
      return "features of another size";
    if (!features.values.every(Number.isFinite)) return `${split}: a feature is not finite`;
    const classes = set.classes?.length ?? 2 ** 31;
    if ([...labels, ...cleanLabels].some((label) => label < 0 || label >= classes))
      return `${split}: a label is no class`;
    if (new Set(ids).size !== ids.length) return `${split}: an id comes twice`;
  }
  return undefined;
}

/**
 * Runs a stage that reads examples from the folder, and its check. What its check refuses a run must refuse too, and all
 * that it sends must be sound.
 */
export async function readByStage(
  stage: AnyStage,
  options: Readonly<Record<string, unknown>>,
  folder: string,
): Promise<string | undefined> {
  const [found] = await checkStage(stage, options, folder);
  const { batches, error } = await runStage(stage, { options, folder });
  if (error !== undefined) throw error;
  if (found !== undefined) return `its check refuses what it takes (${found.message})`;
  if (batches.examples.length !== 1) return `${batches.examples.length} batches`;
  return complaintAbout(batches.examples[0]);
}
