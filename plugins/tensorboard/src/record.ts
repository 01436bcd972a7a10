/** CRC-32C (Castagnoli, RFC 3720) of each byte. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ table[(sum ^ byte) & 0xff];
  return ~sum >>> 0;
}

/** A checksum as records store it: turned and shifted, so that a record of records does not check itself. */
function masked(sum: number): number {
  return (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
}

/** One record of an event file: length (uint64), its checksum, the data, its checksum; all little-endian. */
export function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

/** The whole records at the beginning of an event file, and how many bytes they are: a killed process leaves half a one. */
export function wholeRecords(file: Uint8Array): {
  readonly records: readonly Uint8Array[];
  readonly bytes: number;
} {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + 16 <= file.length) {
    const length = Number(view.getBigUint64(at, true));
    const end = at + 16 + length;
    if (end > file.length) break;
    const data = file.subarray(at + 12, at + 12 + length);
    const isWhole =
      view.getUint32(at + 8, true) === masked(crc32c(file.subarray(at, at + 8))) &&
      view.getUint32(end - 4, true) === masked(crc32c(data));
    if (!isWhole) break;
    records.push(file.subarray(at, end));
    at = end;
  }
  return { records, bytes: at };
}

/** The data of an event's record without its time, which is its first field: a tag and a double. */
export function timeless(whole: Uint8Array): Uint8Array {
  return whole.subarray(12 + 9, whole.length - 4);
}
