import { networkCost } from "../network/cost.js";
import { elements } from "../network/shapes.js";
import type { SpectrumProblem } from "./estimate.js";
import { blockBytes } from "./exact.js";
import { guardCount } from "./krylov.js";
import { stripRows } from "./leftVectors.js";

/** Bytes of matrices of no more use that wait for the garbage collector (measured). */
const uncollected = 64e6;

/** Bytes of the outputs of the layers and their cotangents that an engine of TensorFlow.js holds at a time, at most. */
const activationBytes = 64e6;

/** Columns of J that such an engine holds at a time for a Gram matrix: at most so many bytes, or one layer's. */
const formedBytes = 256e6;

/** Of the native engine: rows of J in a pass, at most; their bytes; examples where no row is formed; sums of Y beside it. */
const formedRows = 192;
const passBytes = 200e6;
const passExamples = 256;
const partialSums = 17;

/** Numbers that lie side by side in the native engine's copies of a block. */
const lanes = 16;

/** Bytes of a spectrum from the Gram matrix of the rows or columns of J. */
export function exactBytes(problem: SpectrumProblem): number {
  const { examples, outputs, parameters, rank, precision, rates } = problem;
  const rows = examples * outputs;
  const byRows = rows <= parameters;
  const wide = precision === "float64";
  // A block as the engine makes it and as it is copied into J.
  const held = byRows && wide ? 8 * rows * parameters + 2 * Math.min(blockBytes, 8 * rows * parameters) : 0;
  const { formedColumns } = networkCost(problem.network);
  const formed =
    byRows && !wide && rates.sharedMemory && formedColumns > 0
      ? activationBytes + Math.min(formedBytes, 4 * rows * formedColumns)
      : 0;
  // A block of J; from the columns there are right vectors too.
  const blocks = byRows ? 0 : Math.min(blockBytes, (wide ? 8 : 4) * rows * parameters);
  const sides = byRows ? rows : rows + parameters;
  const size = Math.min(rows, parameters);
  const solved =
    rates.sharedMemory || wide
      ? 4 * 8 * size ** 2
      : (byRows ? gramBytes(size) : crossBytes(size, rows)) + eigenBytes(size, rank + 1);
  return solved + held + formed + blocks + 24 * sides * rank + exampleBytes(problem);
}

/** Of the native engine: a Gram matrix of rows with that of a layer's cotangents and the sum as it grows, panels beside. */
function gramBytes(size: number): number {
  return 3 * 8 * size ** 2 + 4 * 8 * crossDepth * size;
}

/** Of the native engine: JᵀJ and that of one block of rows, which is summed over parts of them. */
function crossBytes(size: number, rows: number): number {
  const together = Math.min(rows, blockBytes / (4 * size));
  const parts = Math.min(crossParts, Math.ceil(together / crossDepth));
  return (2 + parts) * 8 * size ** 2;
}

const crossDepth = 512;
const crossParts = 32;

/** Of the native engine: basis and images of Lanczos where few pairs are wanted, else matrix and rotations of the reduction. */
function eigenBytes(size: number, count: number): number {
  const width = count + 16;
  const few = size >= 600 && count <= 144 && 8 * width <= size;
  const columns = Math.min(size / 2, Math.max(16 * width, 1024));
  return few ? 8 * (2 * size * columns + columns ** 2) : 2.7 * 8 * size ** 2;
}

/** Bytes of block Krylov on J, `width` columns a block, when the basis has come to `columns`, with what is kept beside. */
export function streamedBytes(problem: SpectrumProblem, width: number, columns: number): number {
  const { examples, outputs, parameters, rank, rates, keptBytes = 0 } = problem;
  const rows = examples * outputs;
  const block = 4 * parameters * width;
  const basis = 4 * parameters * columns + 4 * rows * columns;
  // Left vectors as products are put side by side for them, and as they are made orthonormal; right ones for a warm start.
  const left = 12 * rows * rank + 4 * Math.min(rows, stripRows) * columns;
  const right = 4 * parameters * (rank + guardCount);
  const swept = rates.sharedMemory ? 4 * block + activationBytes : nativeSweepBytes(problem, width);
  // Of every sweep one block is wanted no more. The collector does not count what threads share.
  const waiting = 4 * parameters * columns;
  const garbage = rates.sharedMemory ? waiting : Math.min(waiting, Math.max(uncollected, block));
  const ending = left + right;
  const working = Math.max(block + swept, ending) + garbage;
  return keptBytes + basis + working + 24 * columns ** 2 + exampleBytes(problem);
}

function nativeSweepBytes({ network, outputs, parameters }: SpectrumProblem, width: number): number {
  const { activations, formedColumns } = networkCost(network);
  const padded = lanes * Math.ceil(width / lanes);
  const numbers = formedColumns === 0 ? activations * (1 + outputs) : formedColumns * outputs;
  const wanted = formedColumns === 0 ? passExamples : Math.ceil(formedRows / outputs);
  const together = Math.max(1, Math.min(wanted, passBytes / (4 * numbers)));
  return 8 * parameters * padded + 4 * together * (numbers + partialSums * outputs * padded);
}

/** Bytes of block Krylov on Jᵀ with the rows of J held, `width` columns a block, with what is kept beside. */
export function heldBytes(problem: SpectrumProblem, width: number): number {
  const { examples, outputs, parameters, rates, keptBytes = 0 } = problem;
  const rows = examples * outputs;
  const ofEngine = rates.sharedMemory ? 8 * parameters * width + activationBytes : 0;
  return (
    keptBytes +
    4 * rows * parameters +
    24 * rows ** 2 +
    8 * parameters * width +
    300 * rows * width +
    ofEngine +
    exampleBytes(problem)
  );
}

function exampleBytes({ network, examples }: SpectrumProblem): number {
  return 4 * examples * elements(network.input);
}
