import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";
import { widened } from "./blocks.js";
import { cholesky, solveLower, solveUpper } from "./triangle.js";

/** Left singular vectors of one Jacobian with what is known of each: a `basis` table as arrays. */
export interface LeftBasis {
  /** count × nK, float32: u_s is row s. */
  readonly vectors: Matrix;
  /** σ_s, descending. */
  readonly singularValues: Float64Array;
  /** σ_{s+1}; 0 past the last. */
  readonly nextSingularValues: Float64Array;
  /** σ_s²/‖J‖_F². */
  readonly energyShares: Float64Array;
}

/** What cuts information from nuisance (paper §1): a rank, a singular value, or a share of ‖J‖_F². */
export type Cut =
  | { readonly by: "rank"; readonly rank: number }
  | { readonly by: "cutoff"; readonly cutoff: number }
  | { readonly by: "energy"; readonly energy: number };

/** span{u_1 … u_r}, ready for projections. */
export interface InformationSpace {
  /** What projects onto it. */
  readonly algebra: LinearAlgebra;
  /** r. */
  readonly rank: number;
  /** nK. */
  readonly dimension: number;
  /** α: the cut-off given, or σ_r; NaN when r = 0 and none was given. */
  readonly cutoff: number;
  /** σ_r/σ_{r+1}; Infinity when σ_{r+1} = 0, NaN when r = 0. */
  readonly gap: number;
  /** r × nK. */
  readonly vectors: Matrix;
  readonly singularValues: Float64Array;
  /** L of U Uᵀ = L Lᵀ: L⁻¹U is the basis re-orthonormalised in float64. */
  readonly triangle: Float64Array;
}

/** A vector split between information and nuisance space. */
export interface Projection {
  /** ‖v‖. */
  readonly norm: number;
  /** (u_sᵀv)²/‖v‖² for s = 1 … r, U re-orthonormalised; NaN when v = 0. */
  readonly directionEnergies: Float64Array;
  /** ‖Π_I v‖. */
  readonly informationNorm: number;
  /** ‖Π_N v‖, of Π_N v = v − U(Uᵀv) itself and not of a difference of squares. */
  readonly nuisanceNorm: number;
  /** ‖Π_I v‖/‖v‖; NaN when v = 0, and so the others. */
  readonly informationRatio: number;
  readonly nuisanceRatio: number;
  /** ‖Π_I v‖²/‖v‖². */
  readonly informationEnergy: number;
  /** ‖J_I† v‖ = (Σ_{s≤r} (u_sᵀv)²/σ_s²)^½. */
  readonly pseudoInverseNorm: number;
  /** √(r/nK), the norm ratio of a random space of the same dimension. */
  readonly randomRatio: number;
}

/**
 * r by the cut. Singular values that are 0 never count: their vectors are an arbitrary completion, so the rank of a
 * space may come out below the one asked for, and says so.
 *
 * @throws JacoflowError BASIS_TOO_SHORT when the basis ends before the cut
 */
export function rankOf(basis: LeftBasis, cut: Cut): number {
  const { singularValues, nextSingularValues, energyShares } = basis;
  const count = singularValues.length;
  const positive = singularValues.filter((value) => value > 0).length;
  if (cut.by === "rank") {
    if (cut.rank > count) throw spectrumErrors.basisTooShort(`rank ${cut.rank}`, count, cut.rank);
    return Math.min(cut.rank, positive);
  }
  if (cut.by === "cutoff") {
    const informative = (value: number): boolean => value > 0 && value >= cut.cutoff;
    if (informative(singularValues[count - 1]) && informative(nextSingularValues[count - 1])) {
      throw spectrumErrors.basisTooShort(`cut-off ${cut.cutoff}`, count, cut.cutoff);
    }
    return singularValues.filter(informative).length;
  }
  let share = 0;
  for (let index = 0; index < positive; index += 1) {
    share += energyShares[index];
    if (share >= cut.energy * (1 - 1e-12)) return index + 1;
  }
  throw spectrumErrors.basisTooShort(
    `energy share ${cut.energy} (the basis holds ${share.toPrecision(6)})`,
    count,
    cut.energy,
  );
}

/** The information space of a basis at a cut. The Gram matrix is formed by `algebra`, all in float64. */
export async function informationSpace(
  algebra: LinearAlgebra,
  basis: LeftBasis,
  cut: Cut,
): Promise<InformationSpace> {
  const rank = rankOf(basis, cut);
  const dimension = basis.vectors.columns;
  const vectors = algebra.reachable({
    ...{ rows: rank, columns: dimension },
    values: basis.vectors.values.subarray(0, rank * dimension),
  });
  const singularValues = basis.singularValues.slice(0, rank);
  const gram =
    rank === 0 ? new Float64Array(0) : (await algebra.gram64(await widened(vectors), "rows")).values;
  const last = rank === 0 ? Number.NaN : singularValues[rank - 1];
  return {
    ...{ algebra, rank, dimension, vectors, singularValues },
    cutoff: cut.by === "cutoff" ? cut.cutoff : last,
    gap: rank === 0 ? Number.NaN : last / basis.nextSingularValues[rank - 1],
    triangle: await cholesky(gram, rank),
  };
}

/** Uᵀv with U re-orthonormalised; v has length nK, sample-major. */
export async function coordinatesOf(space: InformationSpace, vector: Float64Array): Promise<Float64Array> {
  return (await coordinates(space, stacked(space, [vector]))).values;
}

/** Π_N v = v − U(Uᵀv), from the coordinates of v. */
export async function nuisancePart(
  space: InformationSpace,
  vector: Float64Array,
  coordinates: Float64Array,
): Promise<Float64Array> {
  const weights = { rows: 1, columns: space.rank, values: coordinates };
  return (await nuisance(space, stacked(space, [vector]), weights)).values;
}

/** Splits vectors (each of length nK, sample-major, float64) between the spaces (paper §1), all at once. */
export async function projectOnto(
  space: InformationSpace,
  vectors: readonly Float64Array[],
): Promise<readonly Projection[]> {
  const stack = stacked(space, vectors);
  const inside = await coordinates(space, stack);
  const outside = await nuisance(space, stack, inside);
  const randomRatio = Math.sqrt(space.rank / space.dimension);
  return vectors.map((vector, index) => {
    const own = rowOf(inside, index);
    const norm = norm2(vector);
    const informationNorm = norm2(own);
    const nuisanceNorm = norm2(rowOf(outside, index));
    return {
      norm,
      directionEnergies: own.map((value) => (value / norm) ** 2),
      informationNorm,
      nuisanceNorm,
      informationRatio: informationNorm / norm,
      nuisanceRatio: nuisanceNorm / norm,
      informationEnergy: (informationNorm / norm) ** 2,
      pseudoInverseNorm: norm2(own.map((value, s) => value / space.singularValues[s])),
      randomRatio,
    };
  });
}

/** Vectors to project at once: enough to read the basis seldom, few enough for 16 MB of them. */
export function projectedTogether({ dimension }: InformationSpace): number {
  return Math.max(1, Math.min(64, Math.floor(2 ** 21 / dimension)));
}

/** b × r: row i is Uᵀv_i. */
async function coordinates(space: InformationSpace, vectors: Matrix64): Promise<Matrix64> {
  const { algebra, rank, triangle } = space;
  if (rank === 0) return { rows: vectors.rows, columns: 0, values: new Float64Array(0) };
  const products = await algebra.coordinates(space.vectors, vectors);
  for (let row = 0; row < vectors.rows; row += 1) solveLower(triangle, rowOf(products, row));
  return products;
}

/** b × nK: row i is v_i − U(Uᵀv_i). */
async function nuisance(space: InformationSpace, vectors: Matrix64, inside: Matrix64): Promise<Matrix64> {
  const { algebra, rank, triangle } = space;
  if (rank === 0) return vectors;
  const weights = { ...inside, values: inside.values.slice() };
  for (let row = 0; row < vectors.rows; row += 1) solveUpper(triangle, rowOf(weights, row));
  return algebra.remainder(vectors, space.vectors, weights);
}

function stacked({ dimension }: InformationSpace, vectors: readonly Float64Array[]): Matrix64 {
  if (vectors.length === 1) return { rows: 1, columns: dimension, values: vectors[0] };
  const values = new Float64Array(vectors.length * dimension);
  vectors.forEach((vector, row) => {
    values.set(vector, row * dimension);
  });
  return { rows: vectors.length, columns: dimension, values };
}

function rowOf({ columns, values }: Matrix64, row: number): Float64Array {
  return values.subarray(row * columns, (row + 1) * columns);
}

function norm2(vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
