import type { Matrix, Matrix64 } from "../engine.js";
import type { SynchronousAlgebra } from "../spectrum/algebra.js";
import { type Checkpoint, forEachBlock, jacobianSites, type Program } from "./program.js";
import { columnsOf, writeRows } from "./sites.js";
import type { Site } from "./tape.js";

/** Rows of the layers that need them are held in groups of at most so many values: 1 GiB. */
const heldValues = 268_435_456;
/** Columns of held rows that are turned and multiplied together. */
const turnedColumns = 1024;

interface DenseFactors {
  /** d × n, turned: each column an example. */
  readonly inputs: Matrix;
  /** outputs × nK. */
  readonly cotangents: Matrix;
  readonly bias: number;
}

interface Group {
  readonly offset: number;
  readonly size: number;
}

/**
 * J Jᵀ, nK × nK: float32 factors, all sums in float64. Dense layers by (AAᵀ + 1) ⊙ ΔΔᵀ (design §5); the columns of
 * other layers in groups small enough to hold, each at the cost of one more pass over the examples.
 */
export function gram(
  program: Program,
  algebra: SynchronousAlgebra,
  features: Matrix,
  checkpoint: Checkpoint,
): Matrix64 {
  const { outputs } = program.shaped;
  const n = features.rows;
  const size = n * outputs;
  const sums = new Float64Array(new SharedArrayBuffer(size * size * 8));
  const dense = new Map<number, DenseFactors>();
  const others = new Map<number, Group>();
  forEachBlock(program, n, checkpoint, (first, count) => {
    for (const site of jacobianSites(program, features, first, count)) {
      const columns = columnsOf(site, program.layout);
      if (site.kind === "dense") {
        const factors = dense.get(columns.offset) ?? emptyFactors(site, n, outputs);
        dense.set(columns.offset, factors);
        turnInto(factors.inputs, site.input.dataSync<"float32">(), first, count);
        turnInto(factors.cotangents, site.cotangent.dataSync<"float32">(), first * outputs, count * outputs);
      } else others.set(columns.offset, { offset: columns.offset, size: columns.size });
    }
  });
  for (const factors of dense.values()) addDense(sums, factors, algebra, outputs);
  for (const group of groups([...others.values()], size)) {
    addRows(sums, group, program, algebra, features, checkpoint);
  }
  return { rows: size, columns: size, values: sums };
}

function emptyFactors(site: Extract<Site, { kind: "dense" }>, n: number, copies: number): DenseFactors {
  const { layer } = site;
  return {
    inputs: emptyMatrix(layer.input[0]!, n),
    cotangents: emptyMatrix(layer.output[0]!, n * copies),
    bias: (layer.layer.useBias ?? true) ? 1 : 0,
  };
}

function addDense(
  sums: Float64Array,
  { inputs, cotangents, bias }: DenseFactors,
  algebra: SynchronousAlgebra,
  copies: number,
): void {
  const n = inputs.columns;
  const size = cotangents.columns;
  const featureGram = algebra.crossProduct(inputs, inputs).values;
  const cotangentGram = algebra.crossProduct(cotangents, cotangents).values;
  for (let row = 0; row < size; row++) {
    const featureRow = Math.floor(row / copies) * n;
    for (let other = 0; other < n; other++) {
      const factor = featureGram[featureRow + other]! + bias;
      const start = row * size + other * copies;
      for (let place = start; place < start + copies; place++) {
        sums[place] = sums[place]! + factor * cotangentGram[place]!;
      }
    }
  }
}

/** Neighbouring layers whose rows can be held together. */
function groups(columns: readonly Group[], size: number): readonly (readonly Group[])[] {
  const result: Group[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const part of columns) {
    if ((held + part.size) * size > heldValues) {
      result.push([]);
      held = 0;
    }
    result.at(-1)?.push(part);
    held += part.size;
  }
  return result;
}

function addRows(
  sums: Float64Array,
  group: readonly Group[],
  program: Program,
  algebra: SynchronousAlgebra,
  features: Matrix,
  checkpoint: Checkpoint,
): void {
  const { outputs } = program.shaped;
  const size = features.rows * outputs;
  const width = group.reduce((sum, part) => sum + part.size, 0);
  const places = new Map<number, number>();
  let place = 0;
  for (const part of group) {
    places.set(part.offset, place);
    place += part.size;
  }
  const values = new Float32Array(size * width);
  forEachBlock(program, features.rows, checkpoint, (first, count) => {
    for (const site of jacobianSites(program, features, first, count)) {
      const firstColumn = places.get(columnsOf(site, program.layout).offset);
      if (firstColumn === undefined) continue;
      writeRows(site, outputs, { values, stride: width, firstRow: first * outputs, firstColumn });
    }
  });
  for (let column = 0; column < width; column += turnedColumns) {
    const count = Math.min(turnedColumns, width - column);
    const turned = emptyMatrix(count, size);
    for (let row = 0; row < size; row++) {
      for (let c = 0; c < count; c++) turned.values[c * size + row] = values[row * width + column + c]!;
    }
    const share = algebra.crossProduct(turned, turned).values;
    for (let entry = 0; entry < sums.length; entry++) sums[entry] = sums[entry]! + share[entry]!;
  }
}

function emptyMatrix(rows: number, columns: number): Matrix {
  return { rows, columns, values: new Float32Array(rows * columns) };
}

/** Writes `count` rows as columns `first` … of a turned matrix. */
function turnInto(target: Matrix, rows: Float32Array, first: number, count: number): void {
  for (let row = 0; row < count; row++) {
    for (let line = 0; line < target.rows; line++) {
      target.values[line * target.columns + first + row] = rows[row * target.rows + line]!;
    }
  }
}
