import { createReadStream } from "node:fs";

/**
 * Counts the whole lines of a file by their origin; resolves to the bytes of those. It ends before the first that is no
 * number, which `damaged` is told of, counted from 1.
 */
export async function countLines(
  path: string,
  counts: Map<string, number>,
  damaged: (line: number) => void,
): Promise<number> {
  let rest = "";
  let bytes = 0;
  let count = 0;
  for await (const piece of createReadStream(path, { encoding: "utf8" })) {
    const lines = (rest + String(piece)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      count += 1;
      const origin = originIn(line);
      if (origin === undefined) {
        damaged(count);
        return bytes;
      }
      bytes += Buffer.byteLength(line) + 1;
      counts.set(origin, (counts.get(origin) ?? 0) + 1);
    }
  }
  return bytes;
}

/** Who sent the number of a line; undefined for a line that is none, or that holds bytes which are no text. */
function originIn(line: string): string | undefined {
  if (line.includes("\ufffd")) return undefined;
  try {
    const { origin } = JSON.parse(line) as { readonly origin?: unknown };
    return typeof origin === "string" ? origin : undefined;
  } catch {
    return undefined;
  }
}
