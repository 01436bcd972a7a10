import { printable } from "../../schemas/errors/error.js";
import { jsonNumber } from "../../stages/sinks/ndjson/lines.js";
import { alignedColumns } from "./columns.js";

/** How the rows of a query are written. */
export const queryFormats = ["table", "csv", "ndjson"] as const;
export type QueryFormat = (typeof queryFormats)[number];

/** A number with more digits than one of JavaScript may hold, as it is written. */
export class Decimal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a query found: texts, numbers, decimals, truth values, null, and lists and objects of them. */
export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Values as JSON has them: int64 and decimals with all their digits, NaN and infinities as texts (as in `sink/ndjson`). */
function jsonText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Decimal) return value.text;
  if (typeof value === "number") return jsonNumber(value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${jsonText(item)}`);
    return `{${pairs.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

function plainText(value: unknown): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? jsonNumber(value) : String(value);
  return typeof value === "string" ? value : typeof value === "object" ? jsonText(value) : String(value);
}

/** NULL is nothing at all, an empty text `""`; alone in its row NULL is that too, since readers pass over empty lines. */
function csvRow(row: readonly unknown[]): string {
  if (row.length === 1 && row[0] === null) return '""\n';
  return `${row.map(csvCell).join(",")}\n`;
}

function csvCell(value: unknown): string {
  const text = plainText(value);
  const isQuoted = /[",\r\n]/.test(text) || (text === "" && value !== null);
  return isQuoted ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows as text, every line ended. */
export function queryText({ columns, rows }: QueryResult, format: QueryFormat): string {
  if (format === "csv") return [columns, ...rows].map(csvRow).join("");
  if (format === "ndjson") {
    const keys = columns.map((column) => JSON.stringify(column));
    return rows
      .map((row) => `{${row.map((value, at) => `${keys[at]}:${jsonText(value)}`).join(",")}}\n`)
      .join("");
  }
  return alignedColumns([columns, ...rows.map((row) => row.map((value) => printable(plainText(value))))]);
}
