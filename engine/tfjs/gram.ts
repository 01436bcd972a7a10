import type { Matrix, Matrix64 } from "../engine.js";
import type { ShapedDense } from "../network/shapes.js";
import type { Factor, Multiplier, StoreTile } from "../spectrum/multiplier.js";
import { forEachBlock, type Program, visitJacobian, type Watch } from "./program.js";
import { writeRows } from "./siteRows.js";
import { type Columns, columnsOf, hasBias, type SiteOf, trainableLayers } from "./sites.js";

/** Rows of the layers that need them are held in groups of at most so many values, 256 MB, or of one layer. */
const heldValues = 64_000_000;

/** What a dense layer's share is made of. */
interface DenseFactors {
  /** A, n × inputs. */
  readonly inputs: Matrix;
  /** Δ, nK × outputs. */
  readonly cotangents: Matrix;
  readonly bias: number;
}

/** Rows of some layers, side by side. */
interface HeldRows {
  /** First column here of each layer, by its first column in J. */
  readonly places: ReadonlyMap<number, number>;
  /** nK × columns. */
  readonly rows: Matrix;
}

/** J Jᵀ as it grows: the lower triangle. */
interface Growing {
  /** nK. */
  readonly size: number;
  /** K. */
  readonly copies: number;
  readonly sums: Float64Array;
  readonly multiply: Multiplier;
  readonly watch: Watch;
}

/**
 * J Jᵀ, nK × nK, shared memory: float32 factors, all sums in float64, exactly symmetric. Dense layers by
 * (AAᵀ + 1) ⊙ ΔΔᵀ (design §5); the columns of other layers in groups small enough to hold, each at the cost of a pass
 * over the examples.
 */
export function gram(program: Program, multiply: Multiplier, features: Matrix, watch: Watch): Matrix64 {
  const copies = program.shaped.outputs;
  const n = features.rows;
  const size = n * copies;
  const dense = new Map<number, DenseFactors>();
  const others: Columns[] = [];
  for (const layer of trainableLayers(program.shaped.layers)) {
    const columns = columnsOf(layer, program.layout);
    if (layer.type === "dense") dense.set(columns.offset, emptyFactors(layer, n, copies));
    else others.push(columns);
  }
  const sums = new Float64Array(new SharedArrayBuffer(size * size * 8));
  const growing: Growing = { size, copies, sums, multiply, watch };
  const groups = groupsOf(others, size);
  const passes = Math.max(1, groups.length);
  for (let pass = 0; pass < passes; pass++) {
    const held = holdRows(groups[pass] ?? [], size);
    const inPass: Watch = {
      check: watch.check,
      report: (done) => watch.report(Math.floor((pass * n + done) / passes)),
    };
    forEachBlock(n, program.blockExamples, inPass, (first, count) => {
      visitJacobian(program, features, first, count, (site) => {
        watch.check();
        const { offset } = columnsOf(site.layer, program.layout);
        const factors = pass === 0 ? dense.get(offset) : undefined;
        const firstColumn = held.places.get(offset);
        if (factors !== undefined) keepFactors(factors, site as SiteOf<"dense">, first, copies);
        if (firstColumn === undefined) return;
        const { values, columns: stride } = held.rows;
        writeRows(site, copies, { values, stride, firstRow: first * copies, firstColumn });
      });
    });
    for (const factors of dense.values()) addDense(growing, factors);
    dense.clear();
    addProduct(growing, held.rows, () => 1);
  }
  mirrorLower(sums, size);
  return { rows: size, columns: size, values: sums };
}

function emptyFactors(layer: ShapedDense, n: number, copies: number): DenseFactors {
  return {
    inputs: emptyMatrix(n, layer.input[0]),
    cotangents: emptyMatrix(n * copies, layer.output[0]),
    bias: hasBias(layer) ? 1 : 0,
  };
}

function keepFactors(
  { inputs, cotangents }: DenseFactors,
  site: SiteOf<"dense">,
  first: number,
  copies: number,
): void {
  inputs.values.set(site.input.dataSync<"float32">(), first * inputs.columns);
  cotangents.values.set(site.cotangent.dataSync<"float32">(), first * copies * cotangents.columns);
}

function addDense(growing: Growing, { inputs, cotangents, bias }: DenseFactors): void {
  const n = inputs.rows;
  const { copies, multiply } = growing;
  const features = new Float64Array(n * n);
  const factor = across(inputs);
  multiply(factor, factor, n, n, inputs.columns, true, (tile, tileStride, row, rows, column, columns) => {
    growing.watch.check();
    for (let i = 0; i < rows; i++) {
      const from = i * tileStride;
      features.set(tile.subarray(from, from + columns), (row + i) * n + column);
    }
  });
  const exampleOf = Int32Array.from({ length: growing.size }, (_, row) => Math.floor(row / copies));
  addProduct(growing, cotangents, (row, column) => features[exampleOf[row] * n + exampleOf[column]] + bias);
}

/** Adds the lower triangle of R Rᵀ, each entry times `weight`. */
function addProduct(growing: Growing, rows: Matrix, weight: (row: number, column: number) => number): void {
  const { size, sums, multiply, watch } = growing;
  const store: StoreTile = (tile, tileStride, row, height, column, width) => {
    watch.check();
    for (let i = row; i < row + height; i++) {
      const from = (i - row) * tileStride;
      const to = Math.min(column + width, i + 1);
      for (let j = column; j < to; j++) sums[i * size + j] += weight(i, j) * tile[from + j - column];
    }
  };
  const factor = across(rows);
  if (rows.columns > 0) multiply(factor, factor, size, size, rows.columns, true, store);
}

function across({ values, columns }: Matrix): Factor {
  return { values, stride: columns, depth: "across" };
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
  return { places, rows: emptyMatrix(size, width) };
}

function emptyMatrix(rows: number, columns: number): Matrix {
  return { rows, columns, values: new Float32Array(rows * columns) };
}

function mirrorLower(values: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) {
      values[row * size + column] = values[column * size + row];
    }
  }
}
