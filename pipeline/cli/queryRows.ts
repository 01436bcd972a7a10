import { alignedColumns } from "./columns.js";

/** How the rows of a query are written. */
export const queryFormats = ["table", "csv", "ndjson"] as const;
export type QueryFormat = (typeof queryFormats)[number];

/** What a query found. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Values as JSON has them: int64 with all its digits, NaN and infinities as texts (as in `sink/ndjson`). */
function jsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : `"${value}"`;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (value instanceof Date) return JSON.stringify(value);
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`);
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : typeof value === "object" ? jsonText(value) : String(value);
}

function csvCell(value: unknown): string {
  const text = plainText(value);
  return /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows as text, every line ended. */
export function queryText({ columns, rows }: QueryResult, format: QueryFormat): string {
  if (format === "csv") return [columns, ...rows].map((row) => `${row.map(csvCell).join(",")}\n`).join("");
  if (format === "ndjson") {
    const keys = columns.map((column) => JSON.stringify(column));
    return rows
      .map((row) => `{${row.map((value, at) => `${keys[at]}:${jsonText(value)}`).join(",")}}\n`)
      .join("");
  }
  return alignedColumns([columns, ...rows.map((row) => row.map(plainText))]);
}
