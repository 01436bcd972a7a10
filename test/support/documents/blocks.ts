/** A fenced block of code of a Markdown document. */
export interface Block {
  readonly document: string;
  /** Of its opening fence, from 1. */
  readonly line: number;
  /** The word after the fence; empty when there is none. */
  readonly language: string;
  readonly text: string;
  /** From `<!-- file: NAME -->` above it: blocks that follow know it by this name. */
  readonly file: string | undefined;
  /** From `<!-- not run: REASON -->` above it. */
  readonly reason: string | undefined;
}

/** Fenced blocks with the comments right above them, and lines of code that are indented instead. */
export function blocksOf(
  document: string,
  markdown: string,
): { readonly blocks: readonly Block[]; readonly indented: readonly number[] } {
  const lines = markdown.split("\n");
  const blocks: Block[] = [];
  const indented: number[] = [];
  let inList = false;
  for (let at = 0; at < lines.length; at += 1) {
    const fence = /^ {0,3}(`{3,})(\S*)\s*$/.exec(lines[at]);
    if (fence === null) {
      if (/^\s*([-*]|\d+\.)\s/.test(lines[at])) inList = true;
      else if (/^\S/.test(lines[at])) inList = false;
      if (!inList && /^( {4}|\t)\S/.test(lines[at])) indented.push(at + 1);
      continue;
    }
    const close = lines.findIndex((line, index) => index > at && line.trim() === fence[1]);
    const end = close === -1 ? lines.length : close;
    const comments = commentsAbove(lines, at);
    blocks.push({
      document,
      line: at + 1,
      language: fence[2],
      text: `${lines.slice(at + 1, end).join("\n")}\n`,
      file: comments.get("file"),
      reason: comments.get("not run"),
    });
    at = end;
  }
  return { blocks, indented };
}

/** `<!-- key: value -->`, one a line, directly above a line or with an empty one between. */
function commentsAbove(lines: readonly string[], line: number): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let above = line - 1; above >= 0; above -= 1) {
    if (lines[above].trim() === "" && above === line - 1) continue;
    const comment = /^\s*<!-- ([a-z ]+): (.+) -->\s*$/.exec(lines[above]);
    if (comment === null) break;
    found.set(comment[1], comment[2]);
  }
  return found;
}

/** The commands of a shell block, comments and line continuations resolved. */
export function commandsOf(text: string): readonly string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** The script of a package that `npm test` or `npm run NAME` calls; undefined for another command. */
export function scriptCalled(command: string): string | undefined {
  const words = command.split(/\s+/);
  const at = words.indexOf("npm");
  if (at === -1 || words.slice(0, at).some((word) => !word.includes("="))) return undefined;
  if (words[at + 1] === "run") return words[at + 2];
  return words[at + 1] === "test" ? "test" : undefined;
}
