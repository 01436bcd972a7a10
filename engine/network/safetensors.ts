import { networkErrors } from "../../schemas/errors/network.js";
import { elements } from "./shapes.js";

/** A named array as weight files hold it. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

const headerLimit = 100_000_000;

interface Stored {
  readonly bytes: number;
  readonly read: (view: DataView, count: number) => Float32Array | Int32Array;
}

/** The dtypes that are read. F64 is rounded to the nearest float32; F16 and BF16 widen exactly. */
const dtypes: Readonly<Record<string, Stored>> = {
  F64: { bytes: 8, read: (view, count) => fill(count, (index) => view.getFloat64(8 * index, true)) },
  F32: { bytes: 4, read: (view, count) => fill(count, (index) => view.getFloat32(4 * index, true)) },
  F16: { bytes: 2, read: (view, count) => fill(count, (index) => half(view.getUint16(2 * index, true))) },
  BF16: { bytes: 2, read: (view, count) => fill(count, (index) => brain(view.getUint16(2 * index, true))) },
  I32: {
    bytes: 4,
    read: (view, count) => Int32Array.from({ length: count }, (_, index) => view.getInt32(4 * index, true)),
  },
};

/** Forms that weights are often in, by their first bytes in hexadecimal: as lengths of a header they would all be above the limit. */
const otherForms = [
  { begins: ["80 02", "80 03", "80 04", "80 05"], name: "a Python pickle, which is a program" },
  { begins: ["50 4b 03 04"], name: "a zip archive, as PyTorch saves pickles in" },
  { begins: ["89 48 44 46"], name: "an HDF5 file, as Keras saves" },
] as const;

/**
 * Reads a safetensors file (8 bytes of header length, a JSON header, the data). Every tensor is copied out, little-endian
 * whatever the machine: F32, F64, F16 and BF16 as float32, I32 as int32. A header that is no header, another dtype, a
 * shape that does not fill its bytes, an offset outside the file, tensors that overlap or leave a hole are
 * INVALID_SAFETENSORS errors that name `file` and the tensor; a pickle, or another form of weights, is NOT_SAFETENSORS.
 */
export function readSafetensors(bytes: Uint8Array, file: string): ReadonlyMap<string, NamedTensor> {
  const { header, data } = splitHeader(bytes, file);
  const tensors = new Map<string, NamedTensor>();
  const extents: { name: string; begin: number; end: number }[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, begin, end } = checkEntry(name, entry, data.byteLength, file);
    extents.push({ name, begin, end });
    const view = new DataView(data.buffer, data.byteOffset + begin, end - begin);
    tensors.set(name, { name, shape, values: dtype.read(view, elements(shape)) });
  }
  checkExtents(extents, data.byteLength, file);
  return tensors;
}

/** A safetensors file with the tensors in the order given: float32 as F32, int32 as I32. The same input gives the same bytes. */
export function writeSafetensors(tensors: Iterable<NamedTensor>): Uint8Array {
  const list = [...tensors];
  const header: Record<string, unknown> = {};
  let end = 0;
  for (const { name, shape, values } of list) {
    const begin = end;
    end += values.length * 4;
    header[name] = {
      dtype: values instanceof Int32Array ? "I32" : "F32",
      shape: [...shape],
      data_offsets: [begin, end],
    };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded + end);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(padded), true);
  bytes.fill(0x20, 8, 8 + padded).set(text, 8);
  let offset = 8 + padded;
  for (const { values } of list) {
    const isInteger = values instanceof Int32Array;
    for (let index = 0; index < values.length; index += 1, offset += 4) {
      if (isInteger) view.setInt32(offset, values[index], true);
      else view.setFloat32(offset, values[index], true);
    }
  }
  return bytes;
}

function splitHeader(bytes: Uint8Array, file: string) {
  const refuse = (reason: string, value: unknown) =>
    networkErrors.invalidSafetensors(file, "", reason, value);
  if (bytes.byteLength < 8)
    throw refuse(`it is ${bytes.byteLength} bytes long, too short for a header`, bytes.byteLength);
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const form = otherForms.find(({ begins }) => begins.some((first) => start.startsWith(first)));
  if (form !== undefined) throw networkErrors.notSafetensors(file, form.name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > headerLimit || length > bytes.byteLength - 8) {
    throw refuse(`its header says it is ${length} bytes long, the file has ${bytes.byteLength - 8}`, length);
  }
  let header: unknown;
  const written = bytes.subarray(8, 8 + length);
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(written));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw refuse(
      `its header is not JSON (${reason})`,
      Buffer.from(written.subarray(0, 80)).toString("latin1"),
    );
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw refuse("its header is not a JSON object", header);
  }
  return { header: header as Record<string, unknown>, data: bytes.subarray(8 + length) };
}

function checkEntry(name: string, entry: unknown, dataLength: number, file: string) {
  const refuse = (reason: string, value: unknown) =>
    networkErrors.invalidSafetensors(file, name, reason, value ?? entry);
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (typeof entry !== "object" || entry === null) throw refuse("its header entry is not an object", entry);
  const { dtype, shape, data_offsets: offsets } = entry as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(dtypes, dtype)) {
    throw refuse(`dtype ${JSON.stringify(dtype)} is not one of ${Object.keys(dtypes).join(", ")}`, dtype);
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw refuse(`its shape ${JSON.stringify(shape)} is not a list of counts`, shape);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw refuse(`its data_offsets ${JSON.stringify(offsets)} are not [begin, end]`, offsets);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataLength) {
    throw refuse(`its bytes ${begin} … ${end} lie outside the ${dataLength} bytes of data`, offsets);
  }
  const wanted = elements(shape) * dtypes[dtype].bytes;
  if (end - begin !== wanted) {
    throw refuse(
      `${dtype} of shape [${shape}] takes ${wanted} bytes, its offsets hold ${end - begin}`,
      offsets,
    );
  }
  return { dtype: dtypes[dtype], shape: shape as number[], begin, end };
}

function checkExtents(
  extents: { name: string; begin: number; end: number }[],
  dataLength: number,
  file: string,
): void {
  let reached = 0;
  let previous = "the header";
  for (const { name, begin, end } of extents.sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < reached) {
      throw networkErrors.invalidSafetensors(file, name, `it overlaps ${previous}`, [begin, end]);
    }
    if (begin > reached) {
      throw networkErrors.invalidSafetensors(
        file,
        name,
        `${begin - reached} unused bytes lie before it`,
        begin,
      );
    }
    reached = end;
    previous = `"${name}"`;
  }
  if (reached < dataLength) {
    const left = dataLength - reached;
    throw networkErrors.invalidSafetensors(file, "", `${left} bytes follow the last tensor`, left);
  }
}

function fill(count: number, at: (index: number) => number): Float32Array {
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) values[index] = at(index);
  return values;
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const brainWords = new DataView(new ArrayBuffer(4));
/** bfloat16: the upper half of a float32. */
function brain(bits: number): number {
  brainWords.setUint32(0, bits * 0x10000, true);
  return brainWords.getFloat32(0, true);
}
