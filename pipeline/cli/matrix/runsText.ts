import type { LoadedFile } from "../../file/request.js";
import { alignedColumns } from "../columns.js";

/** The ids of some runs with what the matrix gives them, a line each. */
export function runsText({ axes = [], runs }: LoadedFile): string {
  const lines = runs.map(({ id, values }) => [id, ...axes.map((axis) => valueText(values[axis]))]);
  return alignedColumns([["run", ...axes], ...lines]);
}

/** Text of a value the matrix gives; lists and maps as JSON, empty where there is none. */
export function valueText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
