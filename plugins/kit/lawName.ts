/** Every law of the kit, of stages and of what else a plugin brings. */
export type LawName =
  | "options documented"
  | "ports honoured"
  | "batches never changed"
  | "deterministic under a seed"
  | "bounded under a slow reader"
  | "cancellable"
  | "errors surface"
  | "no rows lost"
  | "inputs may be empty"
  | "inputs read together"
  | "makes networks of K outputs"
  | "computes finite outputs"
  | "rows of probabilities";
