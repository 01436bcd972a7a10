/** Tables that travel on edges (design §2). `any` is for sinks only. */
export const tableNames = [
  "examples",
  "parameters",
  "predictions",
  "metrics",
  "spectrum",
  "basis",
  "projection",
  "directions",
  "angles",
  "density",
  "linearised",
  "bound",
  "advice",
] as const;

export type TableName = (typeof tableNames)[number];

/** Where a stream comes from: `train.metrics`, and how its table is called. */
export interface Source {
  readonly stage: string;
  readonly port: string;
  readonly table: TableName;
}
