const dots = "…";

/** Reads as … wherever a message puts an item of a list, or something of it. */
const item: object = new Proxy(
  {},
  {
    get: (_, property) => {
      if (property === Symbol.toPrimitive || ["toString", "toJSON", "valueOf"].includes(String(property))) {
        return () => dots;
      }
      // A split of the examples, not what texts call by this name.
      if (property === "split") return item;
      const value: unknown = Reflect.get(Object(dots), property, dots);
      return typeof value === "function" ? value.bind(dots) : (value ?? item);
    },
  },
);

/**
 * A value that reads as ‹name› wherever a message puts it: as text, as a list of `…`, and as a number that is not known.
 */
export function placeholder(name: string): unknown {
  const text = `‹${name}›`;
  const list = [item];
  return new Proxy(list, {
    get: (_, property) => {
      if (property === Symbol.toPrimitive) {
        return (hint: string) => (hint === "number" ? Number.NaN : text);
      }
      if (property === "toString" || property === "toJSON" || property === "valueOf") return () => text;
      if (property === "length") return Number.NaN;
      const source = property in list ? list : Object(property in Number.prototype ? Number.NaN : text);
      const value: unknown = Reflect.get(source, property, source);
      return typeof value === "function" ? value.bind(source) : value;
    },
  });
}
