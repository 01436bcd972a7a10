/** One tensor of a network's parameters and its place in the flat parameter vector. */
export interface TensorSlot {
  /** `layer/kernel`, `layer/bias`, `layer/gamma`, `layer/beta`, `layer/movingMean`, `layer/movingVariance`. */
  readonly name: string;
  /** Kernels are [height, width, in, out] or [in, out]; the rest [channels]. */
  readonly shape: readonly number[];
  readonly trainable: boolean;
  /** First element in the flat vector. A trainable tensor's offset is also its first column of J. */
  readonly offset: number;
  readonly size: number;
}

/**
 * The flat parameter vector of a network: float32, all trainable tensors first (0 … trainableCount, the columns of J),
 * then the others, each group in the order of the layers (a residual's main before its shortcut).
 */
export interface ParameterLayout {
  readonly tensors: readonly TensorSlot[];
  /** p, the number of columns of J. */
  readonly trainableCount: number;
  readonly totalCount: number;
}
