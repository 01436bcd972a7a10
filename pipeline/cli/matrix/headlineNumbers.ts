import type { Split } from "../../../schemas/columns.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { projection } from "../../../schemas/tables/projection.js";
import type { HeadlineNumber } from "../../../schemas/tables/runs.js";
import { listTables } from "../../../stages/sinks/parquet/read.js";
import { rowsOfTable } from "../runTables.js";

/**
 * The numbers of a finished run that the index of a matrix repeats: of the last step and the last Jacobian, of the
 * first stage by name that says them; NaN where no kept table does. UNREADABLE_TABLE, MISSING_COLUMN.
 */
export async function headlineNumbersOf(
  runFolder: string,
): Promise<Readonly<Record<HeadlineNumber, number>>> {
  const kept = await listTables(runFolder);
  const measured = await rowsOfTable(metrics, kept);
  const projected = await rowsOfTable(projection, kept);
  const metric = (name: string, split: Split) =>
    last(
      measured.filter((row) => row.name === name && row.split === split),
      ({ step }) => step,
    )?.value ?? Number.NaN;
  const energy = (target: string) =>
    last(
      projected.filter((row) => row.target === target && row.split === "train"),
      ({ jacobian_step, step }) => jacobian_step + step / (step + 1),
    )?.information_energy ?? Number.NaN;
  return {
    train_loss: metric("loss", "train"),
    test_loss: metric("loss", "test"),
    train_error: metric("error", "train"),
    test_error: metric("error", "test"),
    train_clean_error: metric("clean_error", "train"),
    test_clean_error: metric("clean_error", "test"),
    label_information_energy: energy("label"),
    noise_information_energy: energy("label_noise"),
  };
}

/** The first of the items that come last in time. */
function last<Item>(items: readonly Item[], timeOf: (item: Item) => number): Item | undefined {
  let found = items[0];
  for (const item of items) if (timeOf(item) > timeOf(found)) found = item;
  return found;
}
