import { setImmediate } from "node:timers/promises";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { LinearAlgebra, Matrix } from "../engine.js";
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
  const vectors = {
    ...{ rows: rank, columns: dimension },
    values: basis.vectors.values.subarray(0, rank * dimension),
  };
  const singularValues = basis.singularValues.slice(0, rank);
  const gram =
    rank === 0 ? new Float64Array(0) : (await algebra.gram64(await widened(vectors), "rows")).values;
  const last = rank === 0 ? Number.NaN : singularValues[rank - 1];
  return {
    ...{ rank, dimension, vectors, singularValues },
    cutoff: cut.by === "cutoff" ? cut.cutoff : last,
    gap: rank === 0 ? Number.NaN : last / basis.nextSingularValues[rank - 1],
    triangle: await cholesky(gram, rank),
  };
}

/** Uᵀv with U re-orthonormalised; v has length nK, sample-major. Lets the event loop turn. */
export async function coordinatesOf(space: InformationSpace, vector: Float64Array): Promise<Float64Array> {
  const { rank, dimension, triangle } = space;
  const products = new Float64Array(rank);
  for (let s = 0; s < rank; s += together) {
    const [first, second, third, fourth] = neighbours(space, s);
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let i = 0; i < dimension; i += 1) {
      const value = vector[i];
      sum0 += first[i] * value;
      sum1 += second[i] * value;
      sum2 += third[i] * value;
      sum3 += fourth[i] * value;
    }
    products.set([sum0, sum1, sum2, sum3].slice(0, rank - s), s);
    if (turnIsDue(s, dimension)) await setImmediate();
  }
  return solveLower(triangle, products);
}

/** Π_I v = U(Uᵀv), from the coordinates of v. */
export async function informationPart(
  space: InformationSpace,
  coordinates: Float64Array,
): Promise<Float64Array> {
  const { rank, dimension, triangle } = space;
  const weights = new Float64Array(rank + together);
  weights.set(solveUpper(triangle, coordinates.slice()));
  const part = new Float64Array(dimension);
  for (let s = 0; s < rank; s += together) {
    const [first, second, third, fourth] = neighbours(space, s);
    const [a, b, c, d] = weights.subarray(s, s + together);
    for (let i = 0; i < dimension; i += 1) {
      part[i] += a * first[i] + b * second[i] + c * third[i] + d * fourth[i];
    }
    if (turnIsDue(s, dimension)) await setImmediate();
  }
  return part;
}

/** Splits v (length nK, sample-major, float64) between the spaces (paper §1). */
export async function projectOnto(space: InformationSpace, vector: Float64Array): Promise<Projection> {
  const coordinates = await coordinatesOf(space, vector);
  const nuisance = await informationPart(space, coordinates);
  for (let i = 0; i < nuisance.length; i += 1) nuisance[i] = vector[i] - nuisance[i];
  const norm = norm2(vector);
  const informationNorm = norm2(coordinates);
  const nuisanceNorm = norm2(nuisance);
  return {
    informationNorm,
    nuisanceNorm,
    informationRatio: informationNorm / norm,
    nuisanceRatio: nuisanceNorm / norm,
    informationEnergy: (informationNorm / norm) ** 2,
    pseudoInverseNorm: norm2(coordinates.map((value, s) => value / space.singularValues[s])),
    randomRatio: Math.sqrt(space.rank / space.dimension),
  };
}

/** Vectors handled in one pass over the other operand, which is then read a quarter as often. */
const together = 4;

/** Vectors s … s + 3 of a space; past the last one, the last one again. */
function neighbours({ rank, dimension, vectors }: InformationSpace, s: number): readonly Float32Array[] {
  return Array.from({ length: together }, (_, next) => {
    const row = Math.min(rank - 1, s + next) * dimension;
    return vectors.values.subarray(row, row + dimension);
  });
}

/** Whether some five million multiply-adds have gone by since the last turn of the event loop. */
function turnIsDue(vectorIndex: number, dimension: number): boolean {
  const pass = together * dimension;
  return (vectorIndex / together + 1) % Math.max(1, Math.floor(5e6 / pass)) === 0;
}

function norm2(vector: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
