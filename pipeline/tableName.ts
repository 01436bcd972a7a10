/** Tables that travel on edges (design §2). `any` is for sinks only. */
export type TableName =
  | "examples"
  | "parameters"
  | "predictions"
  | "metrics"
  | "spectrum"
  | "basis"
  | "projection"
  | "angles"
  | "density"
  | "linearised"
  | "bound"
  | "advice";

/** Where a stream comes from: `train.metrics`, and how its table is called. */
export interface Source {
  readonly stage: string;
  readonly port: string;
  readonly table: TableName;
}
