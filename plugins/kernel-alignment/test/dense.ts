import { type JacobianBasis, type Matrix64, randomSource } from "jacoflow";

/** A symmetric matrix, row-major. */
export interface Dense {
  readonly size: number;
  readonly values: Float64Array;
}

/** Random orthonormal vectors of R^size, one a row. */
export function orthonormal(seed: string, size: number): Float64Array[] {
  const random = randomSource(seed);
  const vectors: Float64Array[] = [];
  for (let row = 0; row < size; row += 1) {
    const vector = Float64Array.from({ length: size }, () => random.normal());
    for (let pass = 0; pass < 2; pass += 1) {
      for (const other of vectors) {
        const along = inner(vector, other);
        for (let at = 0; at < size; at += 1) vector[at] -= along * other[at];
      }
    }
    const norm = Math.sqrt(inner(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  return vectors;
}

export function inner(left: Float64Array, right: Float64Array): number {
  return left.reduce((sum, value, at) => sum + value * right[at], 0);
}

/** Σ_i σ_i² u_i u_iᵀ: the whole kernel. */
export function kernelMatrix(vectors: readonly Float64Array[], singularValues: readonly number[]): Dense {
  const size = vectors[0].length;
  const values = new Float64Array(size * size);
  singularValues.forEach((sigma, i) => {
    for (let row = 0; row < size; row += 1) {
      for (let column = 0; column < size; column += 1) {
        values[row * size + column] += sigma ** 2 * vectors[i][row] * vectors[i][column];
      }
    }
  });
  return { size, values };
}

/** C K C with C = (I − 11ᵀ/n) ⊗ I_outputs, made as a matrix and multiplied. */
export function centredKernel({ size, values }: Dense, outputs: number): Dense {
  const centre = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const mean = row % outputs === column % outputs ? outputs / size : 0;
      centre[row * size + column] = (row === column ? 1 : 0) - mean;
    }
  }
  return { size, values: product(product(centre, values, size), centre, size) };
}

function product(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const values = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let at = 0; at < size; at += 1) {
      for (let column = 0; column < size; column += 1) {
        values[row * size + column] += left[row * size + at] * right[at * size + column];
      }
    }
  }
  return values;
}

/** The first `rank` triplets as jacobian/spectrum sends them. */
export function basisOf(
  vectors: readonly Float64Array[],
  singularValues: readonly number[],
  rank: number,
  about: Partial<JacobianBasis> = {},
): JacobianBasis {
  const size = vectors[0].length;
  const total = singularValues.reduce((sum, sigma) => sum + sigma ** 2, 0);
  const kept = singularValues.slice(0, rank);
  return {
    step: 0,
    epoch: 0,
    split: "train",
    ids: Int32Array.from({ length: size / 2 }, (_, id) => id),
    classes: 2,
    vectors: {
      rows: rank,
      columns: size,
      values: Float32Array.from(vectors.slice(0, rank).flatMap((vector) => [...vector])),
    },
    singularValues: Float64Array.from(kept),
    nextSingularValues: Float64Array.from(kept, (_, at) => singularValues[at + 1] ?? 0),
    energyShares: Float64Array.from(kept, (sigma) => sigma ** 2 / total),
    ...about,
  };
}

/** A · Aᵀ as an engine gives it. */
export async function gram({ rows, columns, values }: Matrix64): Promise<Matrix64> {
  const row = (at: number) => values.subarray(at * columns, (at + 1) * columns);
  const products = Float64Array.from({ length: rows * rows }, (_, at) =>
    inner(row(Math.floor(at / rows)), row(at % rows)),
  );
  return { rows, columns: rows, values: products };
}
