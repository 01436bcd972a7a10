/** A symmetric matrix as H T Hᵀ: T tridiagonal, H a product of Householder reflections. */
export interface Tridiagonal {
  /** Diagonal of T, length n. */
  readonly diagonal: Float64Array;
  /** offDiagonal[i] couples i − 1 and i; offDiagonal[0] is 0. */
  readonly offDiagonal: Float64Array;
  /** Row i holds the reflection vector of step i in its columns 0 … i − 1; n × n, row-major. */
  readonly reflections: Float64Array;
  /** Half the squared length of each reflection vector; 0 where nothing had to be reflected. */
  readonly halfSquares: Float64Array;
}

/**
 * Householder tridiagonalisation from the last row upwards (as EISPACK's tred2), in place of the lower triangle of
 * `matrix` (n × n, row-major, float64; only the lower triangle is read).
 *
 * The rank-two update of one step is applied in the same pass over memory as the matrix-vector product of the
 * next, so that the triangle is read and written once a step.
 */
export function tridiagonalise(matrix: Float64Array, size: number): Tridiagonal {
  const diagonal = new Float64Array(size);
  const offDiagonal = new Float64Array(size);
  const halfSquares = new Float64Array(size);
  let reflection = new Float64Array(size);
  let correction = new Float64Array(size);
  let nextReflection = new Float64Array(size);
  let nextCorrection = new Float64Array(size);

  for (let step = size - 1; step >= 0; step -= 1) {
    const start = step * size;
    const pivotReflection = reflection[step];
    const pivotCorrection = correction[step];
    for (let k = 0; k <= step; k += 1) {
      matrix[start + k] -= pivotReflection * correction[k] + pivotCorrection * reflection[k];
    }
    diagonal[step] = matrix[start + step];
    if (step === 0) break;

    let tail = 0;
    for (let k = 0; k < step - 1; k += 1) tail += matrix[start + k] * matrix[start + k];
    const pivot = matrix[start + step - 1];
    if (tail === 0) {
      offDiagonal[step] = pivot;
      halfSquares[step] = 0;
      nextReflection.fill(0);
    } else {
      const length = Math.sqrt(tail + pivot * pivot);
      const image = pivot > 0 ? -length : length;
      offDiagonal[step] = image;
      halfSquares[step] = length * length - image * pivot;
      matrix[start + step - 1] = pivot - image;
      for (let k = 0; k < step; k += 1) nextReflection[k] = matrix[start + k];
      nextReflection.fill(0, step);
    }
    nextCorrection.fill(0);
    for (let row = 0; row < step; row += 1) {
      updateAndMultiply(matrix, row, row * size, reflection, correction, nextReflection, nextCorrection);
    }
    const halfSquare = halfSquares[step];
    if (halfSquare !== 0) {
      let overlap = 0;
      for (let k = 0; k < step; k += 1) {
        nextCorrection[k] /= halfSquare;
        overlap += nextCorrection[k] * nextReflection[k];
      }
      const share = overlap / (2 * halfSquare);
      for (let k = 0; k < step; k += 1) nextCorrection[k] -= share * nextReflection[k];
    } else {
      nextCorrection.fill(0);
    }
    [reflection, nextReflection] = [nextReflection, reflection];
    [correction, nextCorrection] = [nextCorrection, correction];
  }
  return { diagonal, offDiagonal, reflections: matrix, halfSquares };
}

/** One row of the old update, then its share of the new symmetric matrix-vector product. */
function updateAndMultiply(
  matrix: Float64Array,
  row: number,
  start: number,
  reflection: Float64Array,
  correction: Float64Array,
  vector: Float64Array,
  product: Float64Array,
): void {
  const rowReflection = reflection[row];
  const rowCorrection = correction[row];
  const rowVector = vector[row];
  let sum = 0;
  for (let k = 0; k < row; k += 1) {
    const value = matrix[start + k] - rowReflection * correction[k] - rowCorrection * reflection[k];
    matrix[start + k] = value;
    sum += value * vector[k];
    product[k] += value * rowVector;
  }
  const onDiagonal = matrix[start + row] - 2 * rowReflection * rowCorrection;
  matrix[start + row] = onDiagonal;
  product[row] += sum + onDiagonal * rowVector;
}

/** Replaces the columns of `vectors` (n × width, row-major), eigenvectors of T, by those of the full matrix: H x. */
export function reflectBack(tridiagonal: Tridiagonal, vectors: Float64Array, width: number): void {
  const { reflections, halfSquares } = tridiagonal;
  const size = halfSquares.length;
  const overlaps = new Float64Array(width);
  for (let step = 1; step < size; step += 1) {
    const halfSquare = halfSquares[step];
    if (halfSquare === 0) continue;
    const start = step * size;
    overlaps.fill(0);
    for (let row = 0; row < step; row += 1) {
      addScaledRow(overlaps, 0, reflections[start + row], vectors, row * width, width);
    }
    for (let row = 0; row < step; row += 1) {
      addScaledRow(vectors, row * width, -reflections[start + row] / halfSquare, overlaps, 0, width);
    }
  }
}

function addScaledRow(
  target: Float64Array,
  targetStart: number,
  factor: number,
  source: Float64Array,
  sourceStart: number,
  width: number,
): void {
  for (let column = 0; column < width; column += 1) {
    target[targetStart + column] += factor * source[sourceStart + column];
  }
}
