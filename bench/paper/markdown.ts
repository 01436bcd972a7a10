/** A table of Markdown; the first columns, as many as `words` says, to the left and the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], words = 1): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < words ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** What the paper says and in how many runs ours agrees: no claim without its spread. */
export function claim(statement: string, held: readonly boolean[]): string {
  const yes = held.filter(Boolean).length;
  const verdict =
    held.length === 0
      ? "Not measured"
      : yes === held.length
        ? `Seen in all ${held.length}`
        : yes === 0
          ? `**Not seen** in any of ${held.length}`
          : `**Seen in ${yes} of ${held.length}**`;
  return `- ${verdict}: ${statement}`;
}
