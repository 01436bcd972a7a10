import type { Wire } from "./resolved.js";

/**
 * Orders stages so that every one comes after those it reads from, keeping the given order otherwise.
 * Each circle is reported once, as the names along it with the first repeated at the end; its stages are not in `order`,
 * nor are those that read from it.
 */
export function orderStages(
  names: readonly string[],
  wires: readonly Pick<Wire, "from" | "to">[],
): { readonly order: readonly string[]; readonly cycles: readonly (readonly string[])[] } {
  const readsFrom = new Map(names.map((name) => [name, new Set<string>()]));
  for (const wire of wires) readsFrom.get(wire.to.stage)?.add(wire.from.stage);

  const order: string[] = [];
  const placed = new Set<string>();
  for (let next: string | undefined = ""; next !== undefined; ) {
    next = names.find(
      (name) => !placed.has(name) && [...readsFrom.get(name)!].every((from) => placed.has(from)),
    );
    if (next !== undefined) {
      order.push(next);
      placed.add(next);
    }
  }

  const cycles: string[][] = [];
  const explored = new Set(placed);
  for (const start of names) {
    const walk: string[] = [];
    let at: string | undefined = start;
    // Every stage left reads from one that is left, so walking on ends on the walk itself or on explored ground.
    while (at !== undefined && !explored.has(at) && !walk.includes(at)) {
      walk.push(at);
      at = [...readsFrom.get(at)!].find((from) => !placed.has(from));
    }
    if (at !== undefined && walk.includes(at)) {
      // Walked from reader to source: turned round it is the way of the data.
      const circle = walk.slice(walk.indexOf(at)).reverse();
      cycles.push([...circle, circle[0]]);
    }
    for (const name of walk) explored.add(name);
  }
  return { order, cycles };
}
