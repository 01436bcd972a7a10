import type { Path } from "../graph/problem.js";

/** A map of a pipeline file as plain data. */
export type ValueMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is ValueMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The entry of a map or the item of a list a path leads to; undefined where there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isMap(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

/** A copy of a map with one entry more, or another value for the one it has, in its place. */
export function withEntry(map: ValueMap, key: string, value: unknown): ValueMap {
  return Object.fromEntries(new Map([...Object.entries(map), [key, value]]));
}

/** A copy of a map without these keys. */
export function withoutKeys(map: ValueMap, keys: readonly string[]): ValueMap {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)));
}

/**
 * What a file says on top of what its base says: maps are merged key by key, in the order of the base; lists and plain
 * values are replaced; null takes away what the base has.
 */
export function mergeValues(base: unknown, over: unknown): unknown {
  if (!isMap(base) || !isMap(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) {
    if (value === null && merged.has(key)) merged.delete(key);
    else merged.set(key, merged.has(key) ? mergeValues(merged.get(key), value) : value);
  }
  return Object.fromEntries(merged);
}
