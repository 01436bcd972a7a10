/**
 * One layer of the reference implementation, working on one example at a time. A node owns the arrays it returns and
 * overwrites them at its next call; it remembers what its last `forward` saw.
 */
export interface ReferenceNode {
  /** The layer's output for this input. */
  forward(input: Float64Array): Float64Array;
  /**
   * Given the cotangent of the last output, adds the derivative with respect to the layer's trainable parameters to
   * `row` (one row of J, p long) and returns the cotangent of the last input.
   */
  backward(cotangent: Float64Array, row: Float64Array): Float64Array;
}

/** A tensor of the parameters: its live values, and its first column of J (undefined when it is not trainable). */
export interface ReferenceTensor {
  readonly values: Float64Array;
  readonly column: number | undefined;
}

/** Nodes one after the other; the empty chain is the identity. */
export function chain(nodes: readonly ReferenceNode[]): ReferenceNode {
  return {
    forward: (input) => nodes.reduce((value, node) => node.forward(value), input),
    backward: (cotangent, row) => nodes.reduceRight((value, node) => node.backward(value, row), cotangent),
  };
}
