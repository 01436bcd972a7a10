import { createHash } from "node:crypto";
import { isMap, type ValueMap } from "./values.js";

/** Characters of the part for people, and of one value in it. */
const readableLength = 60;
const valueLength = 16;

/**
 * The id of a run of a matrix, fit for a folder: what people read, then a hash of all its values. It depends on the run's
 * own values alone, not on their order nor on what other runs there are.
 */
export function runId(values: ValueMap): string {
  const sorted = Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1));
  const hash = createHash("sha256").update(canonical(sorted)).digest("hex").slice(0, 8);
  const words = sorted.map(([axis, value]) => `${shortPath(axis)}-${shortValue(value)}`.replace(/-$/, ""));
  const readable = words.join("_").slice(0, readableLength);
  return `${readable}_${hash}`;
}

/** `stages.train.with.epochs` as `train.epochs`, `variables.width` as `width`. */
function shortPath(axis: string): string {
  const steps = axis.split(".").filter((step) => !["stages", "with", "variables"].includes(step));
  return plain(steps.join("."));
}

function shortValue(value: unknown): string {
  const text = Array.isArray(value) ? value.map(shortValue).join("x") : isMap(value) ? "" : String(value);
  return plain(text).slice(0, valueLength);
}

const plain = (text: string) => text.replaceAll(/[^A-Za-z0-9.]+/g, "-").replace(/^-/, "");

/** JSON with the keys of maps in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}
