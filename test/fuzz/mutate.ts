import type { RandomSource } from "../../engine/random.js";

/** One change of some bytes, to a copy. */
type Change = (bytes: Uint8Array, random: RandomSource, others: readonly Uint8Array[]) => Uint8Array;

export const pick = <A>(random: RandomSource, list: readonly A[]): A => list[random.integer(list.length)];

/** Where numbers of formats tip over. */
const edges = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff,
];

/** Not by `slice`: that of a Buffer is a view. */
const copyOf = (bytes: Uint8Array) => new Uint8Array(bytes);

const splice = (bytes: Uint8Array, from: number, to: number, between: Uint8Array): Uint8Array => {
  const changed = new Uint8Array(bytes.length - (to - from) + between.length);
  changed.set(bytes.subarray(0, from));
  changed.set(between, from);
  changed.set(bytes.subarray(to), from + between.length);
  return changed;
};

const at = (bytes: Uint8Array, random: RandomSource) => random.integer(bytes.length + 1);

/** Headers and footers decide most, so that half of the places are near an end. */
const near = (bytes: Uint8Array, random: RandomSource): number => {
  if (bytes.length === 0) return 0;
  const reach = Math.min(bytes.length, 64);
  const where = random.integer(4);
  if (where === 0) return random.integer(reach);
  return where === 1 ? bytes.length - 1 - random.integer(reach) : random.integer(bytes.length);
};

const range = (bytes: Uint8Array, random: RandomSource): readonly [number, number] => {
  const from = at(bytes, random);
  return [from, Math.min(bytes.length, from + 1 + random.integer(1 + random.integer(64)))];
};

const written = (bytes: Uint8Array, random: RandomSource, width: 2 | 4 | 8): Uint8Array => {
  const changed = copyOf(bytes);
  if (bytes.length < width) return changed;
  const view = new DataView(changed.buffer);
  const place = Math.min(near(bytes, random), bytes.length - width);
  const little = random.integer(2) === 0;
  const value = random.integer(4) === 0 ? bytes.length + random.integer(3) - 1 : pick(random, edges);
  if (width === 2) view.setUint16(place, value, little);
  else if (width === 4) view.setUint32(place, value, little);
  else view.setBigUint64(place, random.integer(8) === 0 ? 0xffff_ffff_ffff_ffffn : BigInt(value), little);
  return changed;
};

const changes: readonly Change[] = [
  (bytes, random) => {
    const changed = copyOf(bytes);
    if (bytes.length > 0) changed[near(bytes, random)] ^= 1 << random.integer(8);
    return changed;
  },
  (bytes, random) => {
    const changed = copyOf(bytes);
    if (bytes.length > 0)
      changed[near(bytes, random)] = pick(random, [0, 1, 0x20, 0x7f, 0x80, 0xff, random.integer(256)]);
    return changed;
  },
  (bytes, random) => written(bytes, random, 2),
  (bytes, random) => written(bytes, random, 4),
  (bytes, random) => written(bytes, random, 8),
  (bytes, random) => bytes.subarray(0, at(bytes, random)),
  (bytes, random) => splice(bytes, ...range(bytes, random), new Uint8Array()),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return splice(bytes, from, from, bytes.subarray(from, to));
  },
  (bytes, random) => {
    const place = at(bytes, random);
    const more = Uint8Array.from({ length: 1 + random.integer(16) }, () => random.integer(256));
    return splice(bytes, place, place, more);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return copyOf(bytes).fill(random.integer(2) * 255, from, to);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    const target = at(bytes, random);
    return splice(bytes, target, Math.min(bytes.length, target + to - from), bytes.subarray(from, to));
  },
  (bytes, random, others) => {
    const other = pick(random, others);
    return splice(bytes, at(bytes, random), bytes.length, other.subarray(at(other, random)));
  },
];

/** The bytes with one to four changes: bits, numbers at their limits, cuts, insertions, copies, a part of another file. */
export function mutated(bytes: Uint8Array, random: RandomSource, others: readonly Uint8Array[]): Uint8Array {
  let changed = bytes;
  for (let left = 1 + random.integer(1 + random.integer(4)); left > 0; left -= 1) {
    changed = pick(random, changes)(changed, random, others);
  }
  return changed;
}

/** The text with one to four of its words changed for others, doubled, swapped or left out. */
export function mutatedText(text: string, random: RandomSource, words: readonly string[]): string {
  const parts = text.match(/\w+|\s+|[^\w\s]/g) ?? [];
  for (let left = 1 + random.integer(1 + random.integer(4)); left > 0; left -= 1) {
    const place = random.integer(parts.length + 1);
    const word = pick(random, random.integer(2) === 0 && parts.length > 0 ? parts : words);
    const how = random.integer(4);
    if (how === 0) parts.splice(place, 1, word);
    else if (how === 1) parts.splice(place, 0, word);
    else if (how === 2) parts.splice(place, 1 + random.integer(4));
    else parts.splice(place, 0, ...parts.slice(place, place + 1 + random.integer(8)));
  }
  return parts.join("");
}
