import { writeConvolutionRows } from "./convolutionRows.js";
import { peek } from "./numbers.js";
import { hasBias, type Site, type SiteOf } from "./sites.js";

/** Where rows go: entry (row, column) at values[(firstRow + row) · stride + firstColumn + column]. */
export interface RowTarget {
  readonly values: Float32Array;
  readonly stride: number;
  readonly firstRow: number;
  readonly firstColumn: number;
}

/**
 * Writes the per-example rows of J that belong to one site (paper §1; rows i · copies + k), kernel or gamma first.
 * Dense: a ⊗ δ. Convolution: patchesᵀ δ, see convolutionRows.ts.
 * Normalisation: Σ over positions of x̂ δ (gamma) and of δ (beta).
 */
export function writeRows(site: Site, copies: number, target: RowTarget): void {
  switch (site.kind) {
    case "dense":
      writeDenseRows(site, copies, target);
      break;
    case "convolution":
      writeConvolutionRows(site, copies, target);
      break;
    case "normalization":
      writeNormalizationRows(site, copies, target);
      break;
  }
}

function writeDenseRows(site: SiteOf<"dense">, copies: number, target: RowTarget): void {
  const [inputs] = site.layer.input;
  const [outputs] = site.layer.output;
  const input = peek(site.input);
  const cotangent = peek(site.cotangent);
  const bias = hasBias(site.layer);
  const rows = site.cotangent.shape[0];
  for (let row = 0; row < rows; row++) {
    const example = Math.floor(row / copies) * inputs;
    const from = row * outputs;
    let place = (target.firstRow + row) * target.stride + target.firstColumn;
    for (let a = 0; a < inputs; a++) {
      const factor = input[example + a];
      for (let b = 0; b < outputs; b++) target.values[place++] = factor * cotangent[from + b];
    }
    if (bias) for (let b = 0; b < outputs; b++) target.values[place++] = cotangent[from + b];
  }
}

function writeNormalizationRows(site: SiteOf<"normalization">, copies: number, target: RowTarget): void {
  const [rows, positions, channels] = site.cotangent.shape;
  const input = peek(site.input);
  const cotangent = peek(site.cotangent);
  const gamma = new Float64Array(channels);
  const beta = new Float64Array(channels);
  for (let row = 0; row < rows; row++) {
    gamma.fill(0);
    beta.fill(0);
    const example = Math.floor(row / copies) * positions * channels;
    const from = row * positions * channels;
    for (let position = 0; position < positions * channels; position += channels) {
      for (let channel = 0; channel < channels; channel++) {
        const value = cotangent[from + position + channel];
        gamma[channel] += value * input[example + position + channel];
        beta[channel] += value;
      }
    }
    const place = (target.firstRow + row) * target.stride + target.firstColumn;
    target.values.set(gamma, place);
    target.values.set(beta, place + channels);
  }
}
