import type { RandomSource } from "../../engine/random.js";
import { turns } from "../../engine/turns.js";

/** A Gaussian mixture (paper, Definition 2.4): K classes of C clusters each in R^d. */
export interface Mixture {
  /** K. */
  readonly classes: number;
  /** C. */
  readonly clusters: number;
  /** d. */
  readonly dimension: number;
  /** Deviation: an input is N(centre, σ² I / d), so its distance from the centre is about σ. */
  readonly sigma: number;
  /** Smallest distance of two centres. */
  readonly separation: number;
}

/** Draws of one centre before the sphere counts as full. */
const drawLimit = 1000;
/** Numbers drawn between two turns of the event loop: a few milliseconds. */
const turnLength = 1 << 16;

/**
 * Centres of the clusters, KC × d (cluster c of class k is row kC + c), uniform on the unit sphere, one after the other,
 * each drawn again while it is nearer than `separation` to an earlier one. `undefined` where {@link drawLimit} draws in
 * turn were too near: that many do not fit, or hardly.
 */
export async function mixtureCentres(
  { classes, clusters, dimension, separation }: Mixture,
  random: RandomSource,
  signal?: AbortSignal,
): Promise<Float64Array | undefined> {
  const centres = new Float64Array(classes * clusters * dimension);
  const pause = turns(turnLength, signal);
  for (let row = 0; row < classes * clusters; row += 1) {
    const centre = centres.subarray(row * dimension, (row + 1) * dimension);
    let draws = 0;
    do {
      if (draws === drawLimit) return undefined;
      draws += 1;
      drawDirection(centre, random);
      await pause(dimension * (row + 1));
    } while (nearest(centre, centres, row) < separation);
  }
  return centres;
}

/**
 * n inputs, n × d: input i belongs to class i mod K and there to cluster ⌊i / K⌋ mod C, so every prefix is as balanced as
 * it can be.
 */
export async function mixtureInputs(
  { classes, clusters, dimension, sigma }: Mixture,
  centres: Float64Array,
  random: RandomSource,
  features: Float32Array,
  signal?: AbortSignal,
): Promise<void> {
  const deviation = sigma / Math.sqrt(dimension);
  const pause = turns(turnLength, signal);
  for (let row = 0; row * dimension < features.length; row += 1) {
    const cluster = (row % classes) * clusters + (Math.floor(row / classes) % clusters);
    for (let axis = 0; axis < dimension; axis += 1) {
      features[row * dimension + axis] = centres[cluster * dimension + axis] + deviation * random.normal();
    }
    await pause(dimension);
  }
}

/** Uniform on the unit sphere. */
function drawDirection(direction: Float64Array, random: RandomSource): void {
  do {
    for (let axis = 0; axis < direction.length; axis += 1) direction[axis] = random.normal();
  } while (!toUnitNorm(direction));
}

/** Divides a vector by its Euclidean norm, in place; false, and nothing done, where that is 0. */
export function toUnitNorm(vector: Float64Array | Float32Array): boolean {
  let squared = 0;
  for (const value of vector) squared += value ** 2;
  if (squared === 0) return false;
  const norm = Math.sqrt(squared);
  for (let axis = 0; axis < vector.length; axis += 1) vector[axis] /= norm;
  return true;
}

/** Distance of a point to the nearest of the first `rows` rows; ∞ without any. */
function nearest(point: Float64Array, rowsOf: Float64Array, rows: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < rows; row += 1) {
    let squared = 0;
    for (let axis = 0; axis < point.length; axis += 1) {
      squared += (point[axis] - rowsOf[row * point.length + axis]) ** 2;
    }
    smallest = Math.min(smallest, Math.sqrt(squared));
  }
  return smallest;
}
