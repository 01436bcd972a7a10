import { createHash } from "node:crypto";

/** Longest name of a metric or a parameter that the server takes, in characters. */
const longest = 250;

/**
 * A name of a metric or a parameter as the server takes it: one refused name refuses the whole request. Other characters than
 * letters, digits and `_-. :/` are `_`, as are parts that a path would not keep; then, and when it is cut, a checksum of the
 * name as it was stands behind, so that two names stay two.
 */
export function nameForServer(name: string): string {
  const parts = name.replaceAll(/[^\p{L}\p{N}_\-. :/]/gu, "_").split("/");
  const allowed = parts.map((part) => (["", ".", ".."].includes(part) ? "_" : part)).join("/");
  const characters = [...allowed];
  if (allowed === name && characters.length <= longest) return name;
  const checksum = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `${characters.slice(0, longest - checksum.length - 1).join("")}-${checksum}`;
}
