/** Fields of a protocol buffer message, in the order written. Only what event files need. */
export class Message {
  readonly #bytes: number[] = [];

  double(field: number, value: number): this {
    this.#key(field, 1);
    return this.#fixed(8, (view) => view.setFloat64(0, value, true));
  }

  float(field: number, value: number): this {
    this.#key(field, 5);
    return this.#fixed(4, (view) => view.setFloat32(0, value, true));
  }

  /** An int64: below 0 as its two's complement. */
  integer(field: number, value: bigint): this {
    this.#key(field, 0);
    this.#varint(BigInt.asUintN(64, value));
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.done());
  }

  /** A packed list. */
  doubles(field: number, values: readonly number[]): this {
    return this.bytes(field, new Uint8Array(Float64Array.from(values).buffer));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#key(field, 2);
    this.#varint(BigInt(value.length));
    for (const byte of value) this.#bytes.push(byte);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #key(field: number, wire: number): void {
    this.#varint(BigInt(field * 8 + wire));
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest >= 128n; rest >>= 7n) this.#bytes.push(Number(rest & 127n) | 128);
    this.#bytes.push(Number(rest));
  }

  #fixed(bytes: number, write: (view: DataView) => void): this {
    const view = new DataView(new ArrayBuffer(bytes));
    write(view);
    for (let at = 0; at < bytes; at += 1) this.#bytes.push(view.getUint8(at));
    return this;
  }
}
