/** Rows as lines with their columns aligned; numbers (by their look) to the right. No trailing spaces. */
export function alignedColumns(rows: readonly (readonly string[])[], gap = "  "): string {
  // Not Math.max(...): a query may find more rows than a call may have arguments.
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  }
  return rows
    .map((row) =>
      row
        .map((cell, at) => (isNumber(cell) ? cell.padStart(widths[at]) : cell.padEnd(widths[at])))
        .join(gap)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function isNumber(text: string): boolean {
  return /^[-+]?[\d,]*\.?\d+(e[-+]?\d+)?$/i.test(text);
}

/** Words broken into lines of at most `width` characters, each indented by `indent` spaces. */
export function wrapped(text: string, indent: number, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter((part) => part !== "")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  if (line !== "") lines.push(line);
  return lines.map((part) => `${" ".repeat(indent)}${part}\n`).join("");
}
