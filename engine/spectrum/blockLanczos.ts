import type { Matrix64 } from "../engine.js";
import { randomSource } from "../random.js";
import type { Products64 } from "./products.js";
import { fullEigen } from "./symmetricEigen.js";

/** Eigenpairs of a symmetric matrix, values descending, vectors one a column. */
export interface EigenPairs {
  readonly values: Float64Array;
  readonly vectors: Matrix64;
}

/** Columns of a block beyond those wanted: as many copies of a value can be told apart. */
const extraColumns = 16;

/** Remainders accepted, as a share of n·ε·‖A‖, which is what the full reduction leaves. */
const acceptedShare = 1;

/** A column that keeps less than this share of its length holds rounding only. */
const negligibleLength = 1e-12;

/** Blocks before the first look at the values; looks are dear. */
const blocksBeforeLook = 4;

/**
 * Largest `count` eigenpairs of a large symmetric matrix (A Aᵀ, n × n, float64) without reducing all of
 * it: block Lanczos with full reorthogonalisation, all in float64, from a fixed random block of count + 16 columns.
 *
 * A pair is taken when ‖A u − λu‖ ≤ n·ε·λ_1, measured on the vectors returned: the backward error that the full
 * reduction has. undefined when that would need a basis of more than a third of n (a flat spectrum), or when the
 * basis is used up before `count` pairs: the caller then reduces the whole matrix.
 */
export function blockLanczos(products: Products64, matrix: Matrix64, count: number): EigenPairs | undefined {
  const size = matrix.rows;
  const random = randomSource("block Lanczos");
  const width = count + extraColumns;
  const basis: Matrix64[] = [];
  const images: Matrix64[] = [];
  let projected: Matrix64 = { rows: 0, columns: 0, values: new Float64Array(0) };
  let block: Matrix64 | undefined = {
    ...{ rows: size, columns: width },
    values: Float64Array.from({ length: size * width }, () => random.normal()),
  };
  while (block !== undefined && (projected.rows + block.columns) * 3 <= size) {
    block = orthonormal(products, block, basis);
    if (block === undefined) break;
    basis.push(block);
    const image = products.times(matrix, block);
    images.push(image);
    projected = grown(products, projected, basis, image);
    if (basis.length >= blocksBeforeLook && basis.length % 2 === 0) {
      const found = accepted(products, projected, basis, images, count);
      if (found !== undefined) return found;
    }
    block = { ...image, values: image.values.slice() };
  }
  return projected.rows < count ? undefined : accepted(products, projected, basis, images, count);
}

/** The Ritz pairs, if every remainder A u − λu is small enough. */
function accepted(
  products: Products64,
  projected: Matrix64,
  basis: readonly Matrix64[],
  images: readonly Matrix64[],
  count: number,
): EigenPairs | undefined {
  const { values, vectors } = fullEigen(projected, count);
  const size = basis[0].rows;
  const ritz = assembled(products, basis, vectors);
  const remainder = assembled(products, images, vectors);
  const squares = new Float64Array(count);
  for (let index = 0; index < remainder.values.length; index += 1) {
    const column = index % count;
    squares[column] += (remainder.values[index] - values[column] * ritz.values[index]) ** 2;
  }
  const bound = acceptedShare * size * Number.EPSILON * values[0];
  return Math.sqrt(Math.max(...squares)) <= bound ? { values, vectors: ritz } : undefined;
}

/** Σ_t B_t C_t, C cut by rows into the blocks' shares. */
function assembled(products: Products64, blocks: readonly Matrix64[], coefficients: Matrix64): Matrix64 {
  const { columns } = coefficients;
  const result = { rows: blocks[0].rows, columns, values: new Float64Array(blocks[0].rows * columns) };
  let row = 0;
  for (const block of blocks) {
    const part = coefficients.values
      .subarray(row * columns, (row + block.columns) * columns)
      .map((value) => -value);
    products.subtractFrom(result, block, { rows: block.columns, columns, values: part });
    row += block.columns;
  }
  return result;
}

/** QᵀAQ with the last block's rows and columns added; symmetric by construction. */
function grown(products: Products64, old: Matrix64, basis: readonly Matrix64[], image: Matrix64): Matrix64 {
  const size = old.rows + image.columns;
  const values = new Float64Array(size * size);
  for (let row = 0; row < old.rows; row += 1) {
    values.set(old.values.subarray(row * old.rows, (row + 1) * old.rows), row * size);
  }
  let row = 0;
  for (const block of basis) {
    const part = products.cross(block, image);
    for (let i = 0; i < part.rows; i += 1) {
      for (let j = 0; j < part.columns; j += 1) {
        const value = part.values[i * part.columns + j];
        values[(row + i) * size + old.rows + j] = value;
        values[(old.rows + j) * size + row + i] = value;
      }
    }
    row += block.columns;
  }
  return { rows: size, columns: size, values };
}

/**
 * Out of the span of the basis, then Gram–Schmidt within the block, dropping what is rounding; three times, so that
 * each needs one pass only.
 */
function orthonormal(
  products: Products64,
  block: Matrix64,
  basis: readonly Matrix64[],
): Matrix64 | undefined {
  let current: Matrix64 | undefined = withinBlock(block, 0);
  for (let pass = 0; pass < 3 && current !== undefined; pass += 1) {
    for (const part of basis) products.subtractFrom(current, part, products.cross(part, current));
    current = withinBlock(current, negligibleLength);
  }
  return current;
}

/** Modified Gram–Schmidt, once, on the columns as rows; columns that shrink below `floor` are left out. */
function withinBlock({ rows, columns, values }: Matrix64, floor: number): Matrix64 | undefined {
  const kept: Float64Array[] = [];
  for (let column = 0; column < columns; column += 1) {
    const vector = Float64Array.from({ length: rows }, (_, row) => values[row * columns + column]);
    const length = norm(vector);
    for (const other of kept) {
      const overlap = dot(other, vector);
      for (let row = 0; row < rows; row += 1) vector[row] -= overlap * other[row];
    }
    const rest = norm(vector);
    // In the passes after the first, columns come with length 1 before projection.
    if (!(rest > Math.max(floor, negligibleLength * length))) continue;
    for (let row = 0; row < rows; row += 1) vector[row] /= rest;
    kept.push(vector);
  }
  if (kept.length === 0) return undefined;
  const result = new Float64Array(rows * kept.length);
  kept.forEach((vector, column) => {
    for (let row = 0; row < rows; row += 1) result[row * kept.length + column] = vector[row];
  });
  return { rows, columns: kept.length, values: result };
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

/** Four sums at once: one sum would wait for each addition before it begins the next. */
function dot(left: Float64Array, right: Float64Array): number {
  const whole = left.length - (left.length % 4);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let at = 0; at < whole; at += 4) {
    a += left[at] * right[at];
    b += left[at + 1] * right[at + 1];
    c += left[at + 2] * right[at + 2];
    d += left[at + 3] * right[at + 3];
  }
  for (let at = whole; at < left.length; at += 1) a += left[at] * right[at];
  return a + b + (c + d);
}
