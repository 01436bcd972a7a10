import { float64, int64, utf8 } from "../columns.js";
import { defineTable, type TableDefinition } from "../table.js";

const first = {
  id: utf8("of the run and of its folder: what people read, and a hash of the values the matrix gives it"),
  seed: int64("of the run"),
  outcome: utf8("done, failed, cancelled, or waiting for one that has not begun"),
  error: utf8("the code of the first error; empty when there is none"),
  seconds: float64("from the start of the run to its end; NaN for one that has not ended", "s"),
  folder: utf8("the run folder, from the folder of the matrix"),
};

const last = {
  train_loss: float64("loss on the train split at the last step"),
  test_loss: float64("loss on the test split at the last step"),
  train_error: float64("share of train examples whose given label is missed, at the last step"),
  test_error: float64("share of test examples whose given label is missed, at the last step"),
  train_clean_error: float64("the same for labels before noise, train split"),
  test_clean_error: float64("the same for labels before noise, test split"),
  label_information_energy: float64(
    "‖Π_I v‖² / ‖v‖² of the given labels v of the train split, on the last Jacobian there is",
  ),
  noise_information_energy: float64("the same of the unpredictable part of the labels, label_noise"),
};

/** Numbers of a run that its row repeats; NaN where its tables do not say. */
export type HeadlineNumber = keyof typeof last;
export const headlineNumbers = Object.keys(last) as readonly HeadlineNumber[];

/** Name of the column with an axis's values as numbers. */
export const numberColumn = (axis: string): string => `${axis}.number`;

/**
 * The index of a matrix of runs. Every axis has two columns, named by its path: the value as text (lists and maps as JSON,
 * empty where the run does not set it) and as a number (NaN where it is none). `seed` has its own column already.
 */
export function runsTable(axes: readonly string[]): TableDefinition {
  const varied: Record<string, ReturnType<typeof utf8> | ReturnType<typeof float64>> = {};
  for (const axis of axes.filter((each) => each !== "seed")) {
    varied[axis] = utf8(`the value of ${axis} as text, lists and maps as JSON`);
    varied[numberColumn(axis)] = float64(`the value of ${axis} where it is a number, else NaN`);
  }
  const columns = { ...first, ...varied, ...last };
  return defineTable("runs", 1, "The runs of a matrix", columns, { axes: JSON.stringify(axes) });
}
