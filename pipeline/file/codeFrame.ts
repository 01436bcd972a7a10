const before = 2;
const after = 1;
const width = 100;

/** Lines as the parser counts them: a carriage return alone ends none. */
export const linesOf = (text: string): readonly string[] => text.split(/\r?\n/);

/** Characters that would steer a terminal or turn the direction of writing; line breaks may stay. */
const steering = /(?!\n)[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/** A text that only shows: what would steer a terminal is written as its code. */
export const printable = (text: string): string =>
  text.replaceAll(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** As wide as two letters in a terminal: Chinese, Japanese, Korean, full-width forms, emoji. */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6])/u;
const graphemes = new Intl.Segmenter("en");

/** Columns a text takes in a terminal. */
function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/**
 * The lines around a place of a text with a caret below it; line and column (in UTF-16 code units) start at 1. Long
 * lines are cut around the column. Tabs, and what would steer the terminal, show as one space or point, so that the caret
 * stands where it should; it does below wide letters too.
 */
export function codeFrame(lines: readonly string[], line: number, column: number): string {
  const first = Math.max(1, line - before);
  const last = Math.min(lines.length, line + after);
  const digits = String(last).length;
  const cut = Math.max(0, column - 1 - Math.floor(width / 2));
  const start = lines[line - 1].length > width ? cut : 0;
  const frame: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const shown = shownPart(lines[number - 1].slice(start, start + width));
    const mark = number === line ? ">" : " ";
    frame.push(`${mark} ${String(number).padStart(digits)} | ${shown}`.trimEnd());
    if (number !== line) continue;
    const indent = columnsOf(shownPart(lines[line - 1].slice(start, column - 1)).padEnd(column - 1 - start));
    frame.push(`  ${" ".repeat(digits)} | ${" ".repeat(indent)}^`);
  }
  // Empty lines at the end say nothing.
  while (frame.length > 2 && /^\s+\d+ \|$/.test(frame[frame.length - 1])) frame.pop();
  return frame.join("\n");
}

const shownPart = (text: string) => text.replaceAll("\t", " ").replaceAll(steering, "·");
