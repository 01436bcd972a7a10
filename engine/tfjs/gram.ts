import type { Matrix, Matrix64 } from "../engine.js";
import type { ShapedDense } from "../network/shapes.js";
import type { SynchronousAlgebra } from "../spectrum/algebra.js";
import { type Checkpoint, forEachBlock, jacobianSites, type Program } from "./program.js";
import { writeRows } from "./siteRows.js";
import { type Columns, columnsOf, hasBias, type Site, trainableLayers } from "./sites.js";

/** Rows of the layers that need them are held in groups of at most so many values: 1 GiB. */
const heldValues = 268_435_456;
/** Columns of held rows that are turned and multiplied together. */
const turnedColumns = 1024;

/** What a dense layer's share is made of. */
interface DenseFactors {
  /** A, turned: inputs × n. */
  readonly inputs: Matrix;
  /** Δ, turned: outputs × nK. */
  readonly cotangents: Matrix;
  readonly bias: number;
}

/** Rows of some layers, side by side. */
interface HeldRows {
  /** First column here of each layer, by its first column in J. */
  readonly places: ReadonlyMap<number, number>;
  readonly width: number;
  /** nK × width. */
  readonly values: Float32Array;
}

/**
 * J Jᵀ, nK × nK, shared memory: float32 factors, all sums in float64, exactly symmetric. Dense layers by
 * (AAᵀ + 1) ⊙ ΔΔᵀ (design §5); the columns of other layers in groups small enough to hold, each at the cost of a pass
 * over the examples.
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
  const layers = trainableLayers(program.shaped.layers);
  const dense = new Map<number, DenseFactors>();
  const others: Columns[] = [];
  for (const layer of layers) {
    const columns = columnsOf(layer, program.layout);
    if (layer.type === "dense") dense.set(columns.offset, emptyFactors(layer, n, outputs));
    else others.push(columns);
  }
  const sums = new Float64Array(new SharedArrayBuffer(size * size * 8));
  const groups = groupsOf(others, size);
  const passes = Math.max(1, groups.length);
  for (let pass = 0; pass < passes; pass++) {
    const report: Checkpoint = (done) => checkpoint(Math.floor((pass * n + done) / passes));
    const held = holdRows(groups[pass] ?? [], size);
    forEachBlock(n, program.blockExamples, report, (first, count) => {
      for (const site of jacobianSites(program, features, first, count)) {
        const { offset } = columnsOf(site.layer, program.layout);
        const firstColumn = held.places.get(offset);
        if (firstColumn !== undefined) {
          const target = { values: held.values, stride: held.width, firstRow: first * outputs, firstColumn };
          writeRows(site, outputs, target);
        } else if (pass === 0 && site.kind === "dense") {
          turnFactors(dense.get(offset) as DenseFactors, site, first, count, outputs);
        }
      }
    });
    if (pass === 0) {
      for (const factors of dense.values()) {
        addDense(sums, factors, algebra, outputs);
        report(n);
      }
    }
    addRows(sums, held, size, algebra, () => report(n));
  }
  return { rows: size, columns: size, values: sums };
}

function emptyFactors(layer: ShapedDense, n: number, copies: number): DenseFactors {
  return {
    inputs: emptyMatrix(layer.input[0], n),
    cotangents: emptyMatrix(layer.output[0], n * copies),
    bias: hasBias(layer) ? 1 : 0,
  };
}

function turnFactors(
  { inputs, cotangents }: DenseFactors,
  site: Extract<Site, { kind: "dense" }>,
  first: number,
  count: number,
  copies: number,
): void {
  turnInto(inputs, site.input.dataSync<"float32">(), first, count);
  turnInto(cotangents, site.cotangent.dataSync<"float32">(), first * copies, count * copies);
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
      const factor = featureGram[featureRow + other] + bias;
      const start = row * size + other * copies;
      for (let place = start; place < start + copies; place++) sums[place] += factor * cotangentGram[place];
    }
  }
}

/** Layers whose rows can be held together; a layer too large for that is a group of its own. */
function groupsOf(layers: readonly Columns[], size: number): readonly (readonly Columns[])[] {
  const groups: Columns[][] = [];
  let held = Number.POSITIVE_INFINITY;
  for (const columns of layers) {
    if ((held + columns.size) * size > heldValues) {
      groups.push([]);
      held = 0;
    }
    groups.at(-1)?.push(columns);
    held += columns.size;
  }
  return groups;
}

function holdRows(group: readonly Columns[], size: number): HeldRows {
  const places = new Map<number, number>();
  let width = 0;
  for (const columns of group) {
    places.set(columns.offset, width);
    width += columns.size;
  }
  return { places, width, values: new Float32Array(size * width) };
}

/** Adds the Gram matrix of held rows, some columns at a time. */
function addRows(
  sums: Float64Array,
  { width, values }: HeldRows,
  size: number,
  algebra: SynchronousAlgebra,
  report: () => void,
): void {
  for (let column = 0; column < width; column += turnedColumns) {
    const count = Math.min(turnedColumns, width - column);
    const turned = emptyMatrix(count, size);
    for (let row = 0; row < size; row++) {
      for (let c = 0; c < count; c++) turned.values[c * size + row] = values[row * width + column + c];
    }
    const share = algebra.crossProduct(turned, turned).values;
    for (let entry = 0; entry < sums.length; entry++) sums[entry] += share[entry];
    report();
  }
}

function emptyMatrix(rows: number, columns: number): Matrix {
  return { rows, columns, values: new Float32Array(rows * columns) };
}

/** Writes `count` rows as columns `first` … of a turned matrix. */
function turnInto(target: Matrix, rows: Float32Array, first: number, count: number): void {
  for (let row = 0; row < count; row++) {
    for (let line = 0; line < target.rows; line++) {
      target.values[line * target.columns + first + row] = rows[row * target.rows + line];
    }
  }
}
