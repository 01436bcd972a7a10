/** Numbers JSON has no word for. */
const words: readonly (readonly [string, number])[] = [
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];
const marker = "number:";
const numberOf = new Map(words.map(([word, value]) => [`${marker}${word}`, value]));

/** JSON in which NaN and the infinities are the texts `number:NaN`, `number:Infinity`, `number:-Infinity`. */
export function writeNumbers(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === "bigint") return Number(item);
    return typeof item === "number" && !Number.isFinite(item) ? `${marker}${item}` : item;
  });
}

/** What `writeNumbers` wrote. */
export function readNumbers(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) =>
    typeof item === "string" ? (numberOf.get(item) ?? item) : item,
  );
}
