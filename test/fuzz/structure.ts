import type { RandomSource } from "../../engine/random.js";
import { pick } from "./mutate.js";

const numbers = [0, 1, -1, 2, 3, 0.5, 255, 1e3, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53, 1e15, 1e300, -1e300];
const texts = [
  "",
  "a",
  "__proto__",
  "constructor",
  "toString",
  "length",
  "../../etc/passwd",
  "\u0000",
  "é\ud800",
  "1e9",
];

/** A value that JSON can hold, small, strange. */
export function strangeValue(random: RandomSource, depth = 0): unknown {
  switch (random.integer(depth > 2 ? 5 : 8)) {
    case 0:
      return null;
    case 1:
      return random.integer(2) === 0;
    case 2:
    case 3:
      return pick(random, numbers);
    case 4:
      return pick(random, texts);
    case 5:
    case 6:
      return Array.from({ length: random.integer(4) }, () => strangeValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.integer(3) }, () => [
          pick(random, texts),
          strangeValue(random, depth + 1),
        ]),
      );
  }
}

/** A copy of JSON data with one to three of its values changed, taken out, doubled, renamed or moved. */
export function mutatedData(data: unknown, random: RandomSource): unknown {
  const root = [structuredClone(data)];
  for (let left = 1 + random.integer(3); left > 0; left -= 1) changeOne(root, random);
  return root[0];
}

type Holder = unknown[] | Record<string, unknown>;
interface Slot {
  readonly holder: Holder;
  readonly key: string;
}

function slotsOf(holder: Holder, slots: Slot[] = []): Slot[] {
  for (const key of Object.keys(holder)) {
    slots.push({ holder, key });
    const value = Reflect.get(holder, key);
    if (typeof value === "object" && value !== null) slotsOf(value as Holder, slots);
  }
  return slots;
}

const define = (holder: Holder, key: string, value: unknown) =>
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });

function changeOne(root: unknown[], random: RandomSource): void {
  const slots = slotsOf(root);
  const { holder, key } = pick(random, slots);
  const value: unknown = Reflect.get(holder, key);
  switch (random.integer(6)) {
    case 0:
      if (Array.isArray(holder) && holder !== root) holder.splice(Number(key), 1);
      else if (holder !== root) Reflect.deleteProperty(holder, key);
      return;
    case 1:
      if (Array.isArray(holder) && holder !== root) holder.splice(Number(key), 0, structuredClone(value));
      else if (holder !== root) define(holder, `${key}s`, value);
      return;
    case 2: {
      const other = pick(random, slots);
      define(holder, key, structuredClone(Reflect.get(other.holder, other.key)));
      return;
    }
    case 3:
      if (typeof value === "number") {
        define(
          holder,
          key,
          pick(random, [value + 1, value - 1, -value, value / 2, value * 2 ** 20, String(value)]),
        );
        return;
      }
      define(holder, key, [value]);
      return;
    default:
      define(holder, key, strangeValue(random));
  }
}
