import type { InputStream, WholeInput } from "../pipeline/stage.js";

/** Who sends what an input reads, as messages name it: `stage.port`. */
export function nameOf({ origin }: InputStream | WholeInput): string {
  return `${origin.stage}.${origin.port}`;
}
