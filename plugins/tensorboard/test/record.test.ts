import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventRecord, firstRecord } from "../src/event.js";
import { HistogramCount } from "../src/histogram.js";
import { crc32c, record } from "../src/record.js";

const law = suite("records of event files");

law("checksums are those of RFC 3720", () => {
  const bytes = (length: number, byte: (at: number) => number) =>
    Uint8Array.from({ length }, (_, at) => byte(at));
  assert.is(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.is(crc32c(bytes(32, () => 0)), 0x8a9136aa);
  assert.is(crc32c(bytes(32, () => 0xff)), 0x62a8ab43);
  assert.is(crc32c(bytes(32, (at) => at)), 0x46dd794e);
  assert.is(crc32c(bytes(32, (at) => 31 - at)), 0x113fdb5c);
});

law("a record holds its length, the data and both checksums", () => {
  const bytes = record(Uint8Array.of(1, 2, 3));
  const view = new DataView(bytes.buffer);
  assert.is(bytes.length, 19);
  assert.is(view.getBigUint64(0, true), 3n);
  assert.equal([...bytes.subarray(12, 15)], [1, 2, 3]);
});

law("events are the bytes that TensorFlow writes", () => {
  // tf.summary's protocol buffers, serialised by TensorFlow: Event(wall_time=2.5, file_version="brain.Event:2"), and
  // Event(wall_time=1.0, step=300, summary=Summary(value=[Summary.Value(tag="a", simple_value=0.5)])).
  const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(12, -4)).toString("hex");
  assert.is(hex(firstRecord(2.5)), "0900000000000004401a0d627261696e2e4576656e743a32");
  assert.is(
    hex(eventRecord(1, 300n, [{ tag: "a", scalar: 0.5 }])),
    "09000000000000f03f10ac022a0a0a080a0161150000003f",
  );
});

law("a step below 0 is written as protocol buffers do", () => {
  const bytes = eventRecord(1, -1n, []);
  assert.is(
    Buffer.from(bytes.subarray(12, -4)).toString("hex"),
    "09000000000000f03f10ffffffffffffffffff012a00",
  );
});

law("every finite value lies in the bucket that counts it, and limits grow", () => {
  const number = fc.oneof(
    fc.double({ min: -1e6, max: 1e6 }),
    fc.constantFrom(0, -0, 1e-12, 1e-30, 1.1e-12, 1e297, 1e306, Number.NaN, Number.POSITIVE_INFINITY),
    fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE),
  );
  fc.assert(
    fc.property(fc.array(number, { maxLength: 60 }), (values) => {
      const finite = values.filter(Number.isFinite);
      const histogram = new HistogramCount().add(values).histogram();
      if (finite.length === 0) return assert.is(histogram, undefined);
      const { limits, counts, count, smallest, largest } = histogram!;
      assert.is(count, finite.length);
      assert.is(smallest, Math.min(...finite));
      assert.is(largest, Math.max(...finite));
      assert.is(limits.length, counts.length);
      for (const [at, limit] of limits.entries()) {
        const below = limits[at - 1] ?? Number.NEGATIVE_INFINITY;
        assert.ok(limit > below, `${limit} after ${below}`);
        // A negative bucket holds its upper end too, so compare what lies between with a rounding's room.
        const inside = finite.filter((value) => value > below && value <= limit).length;
        const touching = finite.filter((value) => value === below || value === limit).length;
        assert.ok(
          Math.abs(inside - counts[at]) <= touching,
          `${counts[at]} in (${below}, ${limit}], found ${inside}`,
        );
      }
    }),
    { numRuns: 500, seed: 3 },
  );
});

law.run();
