import { spectrumErrors } from "../../schemas/errors/spectrum.js";

/** The plane rotations of an implicit QL iteration, in the order they were made. */
export interface Rotations {
  /** Eigenvalues of the tridiagonal matrix, in the order they were found; length n. */
  readonly values: Float64Array;
  /** Cosine and sine, two numbers a rotation. */
  readonly planes: Float64Array;
  /** Three numbers a chase: where its rotations start in `planes`, its first (highest) plane, and how many. */
  readonly chases: Int32Array;
  readonly chaseCount: number;
}

const maximalChasesPerValue = 60;

/**
 * All eigenvalues of a symmetric tridiagonal matrix by the implicit QL method with Wilkinson's shift (Golub & Van
 * Loan §8.3; EISPACK's imtql2), keeping the rotations instead of the n × n vector matrix, so that only the wanted
 * vectors need be formed afterwards. An off-diagonal element below ε times the norm counts as zero.
 *
 * @throws JacoflowError EIGEN_NOT_CONVERGED after 60 chases for one value (never seen on finite input)
 */
export function implicitShifts(diagonal: Float64Array, offDiagonal: Float64Array): Rotations {
  const size = diagonal.length;
  const values = diagonal.slice();
  const coupling = new Float64Array(size);
  coupling.set(offDiagonal.subarray(1));
  let norm = 0;
  for (let i = 0; i < size; i += 1) norm = Math.max(norm, Math.abs(values[i]) + Math.abs(coupling[i]));
  const negligible = Number.EPSILON * norm;

  let planes = new Float64Array(Math.max(64, 2 * size * size));
  let used = 0;
  let chases = new Int32Array(Math.max(64, 12 * size));
  let chaseCount = 0;

  for (let first = 0; first < size; first += 1) {
    for (let attempt = 0; ; attempt += 1) {
      let last = first;
      while (last < size - 1 && Math.abs(coupling[last]) > negligible) last += 1;
      if (last === first) break;
      if (attempt === maximalChasesPerValue) throw spectrumErrors.eigenNotConverged(size, first);

      const rise = (values[first + 1] - values[first]) / (2 * coupling[first]);
      const slope = Math.sqrt(rise * rise + 1);
      const shift = values[first] - coupling[first] / (rise + (rise < 0 ? -slope : slope));
      const needed = used + 2 * (last - first);
      if (needed > planes.length) planes = grown(planes, needed);
      if (3 * chaseCount + 3 > chases.length) chases = grownIntegers(chases);
      const start = used;
      let sine = 1;
      let cosine = 1;
      let dropped = 0;
      let bulge = values[last] - shift;
      let plane = last - 1;
      for (; plane >= first; plane -= 1) {
        const outer = sine * coupling[plane];
        const inner = cosine * coupling[plane];
        const length = Math.sqrt(outer * outer + bulge * bulge);
        coupling[plane + 1] = length;
        if (length === 0) {
          values[plane + 1] -= dropped;
          coupling[last] = 0;
          break;
        }
        sine = outer / length;
        cosine = bulge / length;
        const rest = values[plane + 1] - dropped;
        const turn = (values[plane] - rest) * sine + 2 * cosine * inner;
        dropped = sine * turn;
        values[plane + 1] = rest + dropped;
        bulge = cosine * turn - inner;
        planes[used] = cosine;
        planes[used + 1] = sine;
        used += 2;
      }
      chases[3 * chaseCount] = start;
      chases[3 * chaseCount + 1] = last - 1;
      chases[3 * chaseCount + 2] = (used - start) / 2;
      chaseCount += 1;
      if (plane < first) {
        values[first] -= dropped;
        coupling[first] = bulge;
        coupling[last] = 0;
      }
    }
  }
  return { values, planes: planes.subarray(0, used), chases, chaseCount };
}

function grown(values: Float64Array<ArrayBuffer>, needed: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(needed, 2 * values.length));
  larger.set(values);
  return larger;
}

function grownIntegers(values: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * values.length);
  larger.set(values);
  return larger;
}

/**
 * Multiplies `vectors` (n × width, row-major) from the left by the product of all rotations: columns of the
 * identity become eigenvectors of the tridiagonal matrix. Orthogonal to rounding whatever the eigenvalues are.
 */
export function rotate(rotations: Rotations, vectors: Float64Array, width: number): void {
  const { planes, chases, chaseCount } = rotations;
  for (let chase = chaseCount - 1; chase >= 0; chase -= 1) {
    const start = chases[3 * chase];
    const highest = chases[3 * chase + 1];
    for (let index = chases[3 * chase + 2] - 1; index >= 0; index -= 1) {
      const cosine = planes[start + 2 * index];
      const sine = planes[start + 2 * index + 1];
      rotateRows(vectors, (highest - index) * width, width, cosine, sine);
    }
  }
}

function rotateRows(vectors: Float64Array, start: number, width: number, cosine: number, sine: number): void {
  const end = start + width;
  for (let at = start; at < end; at += 1) {
    const upper = vectors[at];
    const lower = vectors[at + width];
    vectors[at] = cosine * upper + sine * lower;
    vectors[at + width] = cosine * lower - sine * upper;
  }
}
