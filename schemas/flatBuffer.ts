/** What a slot of a table holds that has to be followed; numbers within the table itself are not listed. */
export type Slot =
  | { readonly kind: "table"; readonly of: Form }
  | { readonly kind: "union"; readonly of: (type: number) => Form }
  | { readonly kind: "tables"; readonly of: Form }
  | { readonly kind: "items"; readonly bytes: number };

/** The slots of a table by their number. A function, since a field has fields. */
export type Form = () => Readonly<Record<number, Slot>>;

/** Fields within fields; far more than anybody's. */
const deepest = 64;
/** Why bytes are refused, in words. */
class Damage extends Error {}

/** @throws Error always */
export const refuse = (reason: string): never => {
  throw new Damage(`it is no whole Arrow file: ${reason}`);
};

/** A FlatBuffer whose every offset is followed only where it leads into the buffer. */
export class FlatBuffer {
  readonly #view: DataView;
  /** Tables that may still be met: a damaged buffer may hold one a thousand times over. */
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = bytes.byteLength;
  }

  #within(at: number, bytes: number): number {
    if (at < 0 || at + bytes > this.#view.byteLength)
      refuse(`an offset leads to byte ${at} of ${this.#view.byteLength}`);
    return at;
  }

  uint32(at: number): number {
    return this.#view.getUint32(this.#within(at, 4), true);
  }

  int64(at: number): number {
    return Number(this.#view.getBigInt64(this.#within(at, 8), true));
  }

  /** Where the table begins that the offset at `at` leads to. */
  follow(at: number): number {
    return this.#within(at + this.uint32(at), 4);
  }

  /** Where a slot of a table is; undefined where the table leaves it out. */
  slot(table: number, number: number): number | undefined {
    const vtable = this.#within(table - this.#view.getInt32(this.#within(table, 4), true), 4);
    const length = this.#view.getUint16(vtable, true);
    this.#within(vtable, length);
    if (4 + 2 * number + 2 > length) return undefined;
    const offset = this.#view.getUint16(vtable + 4 + 2 * number, true);
    return offset === 0 ? undefined : this.#within(table + offset, 1);
  }

  byte(at: number | undefined): number {
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  /** The number of items of the vector that the offset at `at` leads to, and where they begin. */
  vector(at: number, bytes: number): { readonly count: number; readonly start: number } {
    const place = this.follow(at);
    const count = this.uint32(place);
    this.#within(place + 4, count * bytes);
    return { count, start: place + 4 };
  }

  /** Every table and vector below a table. */
  check(table: number, form: Form, depth = 0): void {
    this.#budget -= 1;
    if (depth > deepest || this.#budget < 0) refuse("its parts hold each other");
    for (const [number, slot] of Object.entries(form())) {
      const at = this.slot(table, Number(number));
      if (at === undefined) continue;
      if (slot.kind === "items") this.vector(at, slot.bytes);
      else if (slot.kind === "table") this.check(this.follow(at), slot.of, depth + 1);
      else if (slot.kind === "union") {
        const type = this.byte(this.slot(table, Number(number) - 1));
        this.check(this.follow(at), slot.of(type), depth + 1);
      } else {
        const { count, start } = this.vector(at, 4);
        for (let index = 0; index < count; index += 1)
          this.check(this.follow(start + 4 * index), slot.of, depth + 1);
      }
    }
  }

  number(table: number, slot: number): number {
    const at = this.slot(table, slot);
    return at === undefined ? 0 : this.int64(at);
  }
}
