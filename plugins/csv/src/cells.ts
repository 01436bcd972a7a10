import { type CellPlace, csvErrors } from "./errors.js";

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const largestId = 2 ** 31 - 1;

/** A decimal number that float32 can hold. CSV_EMPTY_CELL, CSV_NOT_A_NUMBER (NaN, infinities and words too). */
export function numberCell(cell: string, file: string, place: CellPlace): number {
  const text = cell.trim();
  if (text === "") throw csvErrors.emptyCell(file, place);
  const value = decimal.test(text) ? Math.fround(Number(text)) : Number.NaN;
  if (!Number.isFinite(value)) throw csvErrors.notNumber(file, place, text);
  return value;
}

/** An integer from 0 to 2³¹ − 1. CSV_EMPTY_CELL, CSV_ID. */
export function idCell(cell: string, file: string, place: CellPlace): number {
  const text = cell.trim();
  if (text === "") throw csvErrors.emptyCell(file, place);
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= largestId)) throw csvErrors.id(file, place, text);
  return value;
}

/** CSV_EMPTY_CELL, CSV_SPLIT. */
export function splitCell(cell: string, file: string, place: CellPlace): "train" | "test" {
  const text = cell.trim();
  if (text === "") throw csvErrors.emptyCell(file, place);
  if (text !== "train" && text !== "test") throw csvErrors.split(file, place, text);
  return text;
}

/** The name of a class. CSV_EMPTY_CELL. */
export function labelCell(cell: string, file: string, place: CellPlace): string {
  const text = cell.trim();
  if (text === "") throw csvErrors.emptyCell(file, place);
  return text;
}
