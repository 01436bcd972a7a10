import type { Tally } from "./fuzzing.js";

/** What became of the tries, a line a reader and one of all, then the refusals by code. */
export function tallyTable(tallies: readonly Tally[]): string {
  const refusals = ({ refused }: Tally) => Object.values(refused).reduce((sum, count) => sum + count, 0);
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const rows = [
    ["reader", "tries", "accepted", "refused", "codes", "findings", "slowest ms"],
    ...tallies.map((tally) => [
      tally.reader,
      tally.tries,
      tally.accepted,
      refusals(tally),
      Object.keys(tally.refused).length,
      tally.findings,
      tally.slowestMilliseconds.toFixed(0),
    ]),
    [
      "all",
      sum(({ tries }) => tries),
      sum(({ accepted }) => accepted),
      sum(refusals),
      "",
      sum(({ findings }) => findings),
      "",
    ],
  ].map((row) => row.map(String));
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join("  "),
    )
    .join("\n");
}
