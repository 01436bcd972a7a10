const before = 2;
const after = 1;
const width = 100;

/**
 * The lines around a place of a text with a caret below it; line and column start at 1. Long lines are cut around the
 * column, tabs count as one space so that the caret stands where it should.
 */
export function codeFrame(text: string, line: number, column: number): string {
  const lines = text.split(/\r\n|\n|\r/);
  const first = Math.max(1, line - before);
  const last = Math.min(lines.length, line + after);
  const digits = String(last).length;
  const cut = Math.max(0, column - 1 - Math.floor(width / 2));
  const start = lines[line - 1].length > width ? cut : 0;
  const frame: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const shown = lines[number - 1].replaceAll("\t", " ").slice(start, start + width);
    const mark = number === line ? ">" : " ";
    frame.push(`${mark} ${String(number).padStart(digits)} | ${shown}`.trimEnd());
    if (number === line) frame.push(`  ${" ".repeat(digits)} | ${" ".repeat(column - 1 - start)}^`);
  }
  // Empty lines at the end say nothing.
  while (frame.length > 2 && /^\s+\d+ \|$/.test(frame[frame.length - 1])) frame.pop();
  return frame.join("\n");
}
