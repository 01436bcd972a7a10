import { createReadStream } from "node:fs";
import { regularFileSize } from "jacoflow";
import { csvErrors } from "./errors.js";

/** One record of a CSV file. */
export interface CsvRecord {
  /** As a spreadsheet numbers it: from 1, empty rows count. */
  readonly row: number;
  readonly cells: readonly string[];
}

/** A record longer than this is a quote left open, not data. */
const longestRecord = 16 * 1024 * 1024;

const quote = 0x22;
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/**
 * Cuts text into records as RFC 4180 says: fields may be quoted, with separators, line ends and doubled quotes within;
 * a record ends with LF, CRLF or CR. Rows without any character are passed over. Text comes in pieces of any size.
 */
export class CsvRecords {
  readonly #file: string;
  readonly #separator: number;
  /** What came and is not yet a whole record. */
  #rest = "";
  #row = 1;
  /** A CR ended the last piece: an LF that begins the next one belongs to it. */
  #skipLineFeed = false;

  /** @param file what messages call the text @param separator one character */
  constructor(file: string, separator = ",") {
    this.#file = file;
    this.#separator = separator.charCodeAt(0);
  }

  /** The row that comes next. */
  get row(): number {
    return this.#row;
  }

  /** The records that are whole with this piece. CSV_QUOTE, CSV_ROW_TOO_LONG. */
  take(piece: string): CsvRecord[] {
    return this.#cut(piece, false);
  }

  /** The last record, where the text does not end with a line end. CSV_QUOTE when a quote is still open. */
  end(): CsvRecord[] {
    return this.#cut("", true);
  }

  #cut(piece: string, isLast: boolean): CsvRecord[] {
    let text = this.#rest + piece;
    if (this.#skipLineFeed && text !== "") {
      if (text.charCodeAt(0) === lineFeed) text = text.slice(1);
      this.#skipLineFeed = false;
    }
    const records: CsvRecord[] = [];
    let start = 0;
    while (start < text.length) {
      const cells: string[] = [];
      const end = this.#record(text, start, cells, isLast);
      if (end === undefined) break;
      if (cells.length > 1 || end.textEnd > start) records.push({ row: this.#row, cells });
      this.#row += 1;
      start = end.next;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length > longestRecord) {
      throw csvErrors.rowTooLong(this.#file, this.#row, longestRecord);
    }
    return records;
  }

  /** Reads one record from `start`; undefined when the text ends before it does. */
  #record(
    text: string,
    start: number,
    cells: string[],
    isLast: boolean,
  ): { readonly textEnd: number; readonly next: number } | undefined {
    let at = start;
    for (;;) {
      let cell: string;
      if (text.charCodeAt(at) === quote) {
        const close = closingQuote(text, at + 1);
        if (close === -1 || (close === text.length - 1 && !isLast)) {
          if (isLast) this.#refuse(cells, "the quote that begins the field is never closed");
          return undefined;
        }
        cell = text.slice(at + 1, close).replaceAll('""', '"');
        at = close + 1;
      } else {
        const from = at;
        while (at < text.length && !this.#endsField(text.charCodeAt(at))) {
          if (text.charCodeAt(at) === quote)
            this.#refuse(cells, "a quote within a field that has none around it");
          at += 1;
        }
        cell = text.slice(from, at);
      }
      if (at === text.length) {
        if (!isLast) return undefined;
        cells.push(cell);
        return { textEnd: at, next: at };
      }
      const code = text.charCodeAt(at);
      if (!this.#endsField(code)) this.#refuse(cells, "text after the quote that ends the field");
      cells.push(cell);
      if (code === this.#separator) {
        at += 1;
        continue;
      }
      const textEnd = at;
      at += 1;
      if (code === carriageReturn) {
        if (at === text.length) this.#skipLineFeed = true;
        else if (text.charCodeAt(at) === lineFeed) at += 1;
      }
      return { textEnd, next: at };
    }
  }

  #endsField(code: number): boolean {
    return code === this.#separator || code === lineFeed || code === carriageReturn;
  }

  #refuse(cellsBefore: readonly string[], reason: string): never {
    throw csvErrors.quote(this.#file, { row: this.#row, column: cellsBefore.length + 1 }, reason);
  }
}

/** Where the quote stands that ends a field, doubled ones passed over; −1 when the text ends before it. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at !== -1 && text.charCodeAt(at + 1) === quote) at = text.indexOf('"', at + 2);
  return at;
}

/**
 * The records of a CSV file in UTF-8 (a byte order mark is passed over), read piece by piece: the lists follow the
 * pieces of the file, so the file is never held whole. Errors: CSV_UNREADABLE, CSV_NOT_TEXT, CSV_QUOTE,
 * CSV_ROW_TOO_LONG; the signal's reason when it aborts.
 *
 * @param bytes at most this many bytes from the start are read; a record cut by the limit is left out
 */
export async function* readRecords(
  file: string,
  options: { readonly separator?: string; readonly signal?: AbortSignal; readonly bytes?: number } = {},
): AsyncGenerator<readonly CsvRecord[]> {
  const { separator, signal, bytes = Number.POSITIVE_INFINITY } = options;
  const records = new CsvRecords(file, separator);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array) => {
    try {
      return decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      throw csvErrors.notText(file, records.row);
    }
  };
  let read = 0;
  await regularFileSize(file).catch((cause: unknown) => {
    throw csvErrors.unreadable(file, cause);
  });
  const pieces = createReadStream(file)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch((cause: unknown) => {
        throw csvErrors.unreadable(file, cause);
      });
      signal?.throwIfAborted();
      if (next.done) break;
      const piece: Uint8Array = next.value;
      const found = records.take(decode(piece));
      if (found.length > 0) yield found;
      read += piece.length;
      if (read >= bytes) return;
    }
    const last = [...records.take(decode()), ...records.end()];
    if (last.length > 0) yield last;
  } finally {
    await pieces.return?.();
  }
}
