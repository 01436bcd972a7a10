import type { Matrix, Matrix64 } from "../engine.js";
import type { OpenRemainder } from "./ritz.js";

/** All that the next sweep depends on, besides the operator and the settings. */
export interface KrylovState {
  /** Q_0 … Q_t, each columns × b. */
  readonly blocks: readonly Matrix[];
  /** A Q_0 … A Q_t, each rows × b. */
  readonly products: readonly Matrix[];
  /** Q_{t+1}. */
  readonly next: Matrix;
  /** Of all products together. */
  readonly gram: Matrix64;
  /** ‖column of AᵀAQ‖² for every column of the blocks. */
  readonly squaredNorms: readonly number[];
  readonly skipped: readonly OpenRemainder[];
  readonly unconfirmed: boolean;
  readonly leastSweeps: number;
  /** Normals taken from `random` so far. */
  readonly drawn: number;
}

export interface KrylovKeeper {
  /** The state that was kept last; undefined: start at the beginning. */
  restore(): Promise<KrylovState | undefined>;
  /** Is called after every sweep that another follows. Its lists grow afterwards; no matrix changes. */
  keep(state: KrylovState): Promise<void>;
}
