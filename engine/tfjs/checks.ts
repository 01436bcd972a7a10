import { networkErrors } from "../../schemas/errors/network.js";
import type { Matrix } from "../engine.js";
import type { ParameterLayout } from "../network/layout.js";

/** What is handed to a model is looked at here, before it travels to the engine's thread. */

/** Each layer with parameters once: REPEATED_LAYER_NAME otherwise. */
export function checkNames({ tensors }: ParameterLayout): void {
  const repeated = tensors.find(({ name }, at) => tensors.findIndex((other) => other.name === name) < at);
  if (repeated === undefined) return;
  const layer = repeated.name.slice(0, repeated.name.lastIndexOf("/"));
  throw networkErrors.repeatedLayerName(
    layer,
    tensors.filter(({ name }) => name === repeated.name).map(() => `"${layer}"`),
  );
}

/** At least one example of d features: WRONG_SIZE otherwise. */
export function checkFeatures(features: Matrix, dimension: number): void {
  const { rows, columns, values } = features;
  if (columns !== dimension) {
    throw networkErrors.wrongSize("an example", `${columns} numbers`, `${dimension}`);
  }
  if (rows === 0) throw networkErrors.wrongSize("the batch", "empty", "at least one example");
  checkLength("the examples' matrix", values, rows * columns);
}

/** A parameter vector totalCount long: WRONG_SIZE otherwise. */
export function checkParameters(parameters: Float32Array, layout: ParameterLayout): void {
  checkLength("the parameter vector", parameters, layout.totalCount);
}

/** A block Q of p rows and at least one column: WRONG_SIZE otherwise. */
export function checkBlock(block: Matrix, layout: ParameterLayout): void {
  const p = layout.trainableCount;
  if (block.rows !== p) throw networkErrors.wrongSize("the block Q", `${block.rows} rows`, `${p} (p)`);
  if (block.columns === 0) throw networkErrors.wrongSize("the block Q", "empty", "at least one column");
  checkLength("the block Q", block.values, p * block.columns);
}

/** A label 0 … K − 1 an example: WRONG_SIZE, LABEL_OUT_OF_RANGE otherwise. */
export function checkLabels(labels: Int32Array, examples: number, outputs: number): void {
  if (labels.length !== examples) {
    throw networkErrors.wrongSize(
      "the list of labels",
      `${labels.length} long`,
      `one an example, ${examples}`,
    );
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= outputs);
  if (wrong >= 0) throw networkErrors.labelOutOfRange(wrong, labels[wrong], outputs);
}

/** A batch of at least one of n examples: WRONG_SIZE, INDEX_OUT_OF_RANGE otherwise. */
export function checkIndices(indices: Int32Array, examples: number): void {
  if (indices.length === 0) throw networkErrors.wrongSize("the batch", "empty", "at least one example");
  const wrong = indices.find((index) => index < 0 || index >= examples);
  if (wrong !== undefined) throw networkErrors.indexOutOfRange(wrong, examples);
}

function checkLength(what: string, values: Float32Array, wanted: number): void {
  if (values.length !== wanted) {
    throw networkErrors.wrongSize(what, `${values.length} long`, `${wanted} numbers`);
  }
}

/** What a caller may be handed in one piece. */
const resultBytes = 2 ** 31;

/** RESULT_TOO_LARGE for more than 2 GiB. */
export function checkResult(what: string, rows: number, columns: number, bytesOfNumber: 4 | 8): void {
  const bytes = rows * columns * bytesOfNumber;
  if (bytes > resultBytes) throw networkErrors.resultTooLarge(what, bytes, resultBytes);
}
