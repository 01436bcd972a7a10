import { type Finding, verdictOf } from "./bars.js";

/** The findings as an aligned table: figure, measured, bar, stretch, verdict, then the note on a line of its own. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => {
    const { figure, measured, unit, bar, stretch } = finding;
    const sign = bar?.sense === "at most" ? "≤" : "≥";
    const limit = (value: number | undefined) => (value === undefined ? "" : `${sign} ${text(value, unit)}`);
    return [
      figure,
      measured === undefined ? "—" : text(measured, unit),
      limit(bar?.value),
      limit(stretch),
      verdictOf(finding),
    ];
  });
  const table = [["figure", "measured", "bar", "stretch", ""], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd();
  const lines = [line(table[0]), widths.map((width) => "-".repeat(width)).join("  ")];
  for (const [index, finding] of findings.entries()) {
    lines.push(line(rows[index]));
    if (finding.note !== "") lines.push(`    ${finding.note}`);
    if (finding.agreement !== undefined) {
      const { what, difference, tolerance } = finding.agreement;
      lines.push(`    ${what}: apart by ${difference.toExponential(1)}, allowed ${tolerance}`);
    }
  }
  return lines.join("\n");
}

function text(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return unit === "×" || unit === "%"
    ? `${value.toFixed(digits)}${unit}`
    : `${value.toFixed(digits)} ${unit}`;
}
