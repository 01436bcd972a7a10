import { median } from "../measure.js";
import type { Look } from "./look.js";

type Figure =
  | "residentBytes"
  | "heapBytes"
  | "externalBytes"
  | "descriptors"
  | "resources"
  | "timers"
  | "threads"
  | "tensors";

/** How much more the last third may hold than the second: the looks fall into different moments of sweeps and parts. */
const allowed: Readonly<Record<Figure, { readonly share: number; readonly more: number }>> = {
  residentBytes: { share: 0.05, more: 16e6 },
  heapBytes: { share: 0.05, more: 8e6 },
  externalBytes: { share: 0.05, more: 8e6 },
  descriptors: { share: 0, more: 3 },
  resources: { share: 0, more: 3 },
  timers: { share: 0, more: 2 },
  threads: { share: 0, more: 2 },
  tensors: { share: 0, more: 0 },
};

export interface Flatness {
  readonly figure: string;
  /** Medians of the looks in each third of the soak. */
  readonly thirds: readonly number[];
  readonly isFlat: boolean;
}

/** Whether each figure is the same in the last third as in the second; the first is for what is made once. */
export function flatness(looks: readonly Look[]): readonly Flatness[] {
  const third = Math.floor(looks.length / 3);
  const parts = [looks.slice(0, third), looks.slice(third, 2 * third), looks.slice(2 * third)];
  return (Object.keys(allowed) as Figure[]).map((figure) => {
    const thirds = parts.map((part) => median(part.map((one) => one[figure])));
    const { share, more } = allowed[figure];
    return { figure, thirds, isFlat: thirds[2] <= thirds[1] * (1 + share) + more };
  });
}

const text = (figure: string, value: number) =>
  figure.endsWith("Bytes") ? `${(value / 1e6).toFixed(1)} MB` : String(value);

export function flatnessTable(found: readonly Flatness[]): string {
  const rows = [
    ["", "first third", "second", "last", ""],
    ...found.map(({ figure, thirds, isFlat }) => [
      figure,
      ...thirds.map((value) => text(figure, value)),
      isFlat ? "flat" : "GROWS",
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
