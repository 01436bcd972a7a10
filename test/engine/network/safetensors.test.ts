import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type NamedTensor, readSafetensors, writeSafetensors } from "../../../engine/network/safetensors.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";

const test = suite("safetensors");

/** A file with any header and any data. */
function file(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, typeof data === "number" ? Buffer.alloc(data) : data]);
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

const tensor = fc
  .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 5 }), fc.boolean())
  .chain(([rows, columns, isInteger]) => {
    const length = { minLength: rows * columns, maxLength: rows * columns };
    return fc.record({
      shape: fc.constant([rows, columns]),
      values: isInteger ? fc.int32Array(length) : fc.float32Array(length),
    });
  });

test("what is written is read back bit for bit, and writing twice gives the same bytes", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), tensor, { maxKeys: 5 }), (dictionary) => {
      const tensors: NamedTensor[] = Object.entries(dictionary)
        .filter(([name]) => name !== "__metadata__" && name !== "__proto__")
        .map(([name, { shape, values }]) => ({ name, shape, values }));
      const bytes = writeSafetensors(tensors);
      assert.equal(bytes, writeSafetensors(tensors));
      const read = readSafetensors(bytes, "f");
      assert.is(read.size, tensors.length);
      for (const { name, shape, values } of tensors) {
        const found = read.get(name);
        assert.equal(found?.shape, shape);
        assert.ok(found?.values.constructor === values.constructor);
        assert.equal(
          new Uint8Array(found.values.buffer, found.values.byteOffset, found.values.byteLength),
          new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        );
      }
    }),
    { numRuns: 60 },
  );
});

test("half precision widens exactly and double precision rounds to the nearest float32", () => {
  const halves = new Uint8Array(Uint16Array.from([0x3c00, 0xc500, 0x0001, 0x7c00, 0x3555]).buffer);
  assert.equal([...readFirst("F16", 5, halves)], [1, -5, 2 ** -24, Number.POSITIVE_INFINITY, 0.333251953125]);
  const brains = new Uint8Array(Uint16Array.from([0x3f80, 0xc0a0, 0x7f80, 0x3eab]).buffer);
  assert.equal([...readFirst("BF16", 4, brains)], [1, -5, Number.POSITIVE_INFINITY, 0.333984375]);
  const doubles = new Uint8Array(Float64Array.from([Math.PI, 1e-300]).buffer);
  assert.equal([...readFirst("F64", 2, doubles)], [Math.fround(Math.PI), 0]);
});

function readFirst(dtype: string, count: number, data: Uint8Array) {
  const found = readSafetensors(file({ a: entry(dtype, [count], 0, data.length) }, data), "f").get("a");
  assert.ok(found);
  return found.values;
}

test("metadata is no tensor and a scalar has an empty shape", () => {
  const bytes = file({ __metadata__: { format: "pt" }, a: entry("F32", [], 0, 4) }, 4);
  assert.equal([...readSafetensors(bytes, "f").keys()], ["a"]);
});

const corrupt: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ["a file of three bytes", new Uint8Array(3), /w: it is 3 bytes long/],
  ["a header longer than the file", file({}, 0).subarray(0, 9), /header says/],
  ["a header that is no JSON", file("{"), /not JSON/],
  ["a header that is a list", file([]), /not a JSON object/],
  ["an unknown dtype", file({ a: entry("I64", [1], 0, 8) }, 8), /"a": dtype "I64"/],
  ["a dtype every object inherits", file({ a: entry("constructor", [1], 0, 8) }, 8), /dtype "constructor"/],
  ["a negative side", file({ a: entry("F32", [-1], 0, 4) }, 4), /"a": its shape \[-1\]/],
  ["offsets that are words", file({ a: entry("F32", [1], "0", 4) }, 4), /data_offsets/],
  ["offsets outside the file", file({ a: entry("F32", [2], 0, 8) }, 4), /0 … 8 lie outside the 4 bytes/],
  ["a shape that does not fill its bytes", file({ a: entry("F32", [3], 0, 8) }, 8), /takes 12 bytes/],
  [
    "tensors that overlap",
    file({ a: entry("F32", [2], 0, 8), b: entry("F32", [2], 4, 12) }, 12),
    /"b": it overlaps "a"/,
  ],
  ["a hole", file({ a: entry("F32", [1], 4, 8) }, 8), /"a": 4 unused bytes/],
  ["bytes after the last tensor", file({ a: entry("F32", [1], 0, 4) }, 8), /4 bytes follow/],
  ["an entry that is no object", file({ a: 3 }), /"a": its header entry/],
];

for (const [what, bytes, message] of corrupt) {
  test(`${what} is refused with the file's name`, () => {
    assert.throws(
      () => readSafetensors(bytes, "w"),
      (error: JacoflowError) => {
        assert.is(error.code, "INVALID_SAFETENSORS");
        assert.match(error.message, message);
        assert.match(error.place ?? "", /^w/);
        return true;
      },
    );
  });
}

test("every way of cutting a file short is refused, never misread", () => {
  const whole = writeSafetensors([{ name: "a", shape: [3], values: Float32Array.of(1, 2, 3) }]);
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(
      () => readSafetensors(whole.subarray(0, length), "w"),
      (error: JacoflowError) => error.code === "INVALID_SAFETENSORS",
    );
  }
});

test("a pickle is never read, bare or in PyTorch's archive, nor is HDF5, and the error says what it is", () => {
  for (const [bytes, word] of [
    ["\x80\x02}q\x00X\x01\x00\x00\x00", "pickle"],
    ["\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00", "pickle"],
    ["PK\x03\x04\x00\x00\x08\x08\x00\x00", "PyTorch"],
    ["\x89HDF\r\n\x1a\n\x00\x00", "HDF5"],
  ]) {
    assert.throws(
      () => readSafetensors(Buffer.from(bytes, "latin1"), "weights.bin"),
      (error: JacoflowError) => error.code === "NOT_SAFETENSORS" && error.message.includes(word),
    );
  }
});

test.run();
