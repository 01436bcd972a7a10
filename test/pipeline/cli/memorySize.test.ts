import { totalmem } from "node:os";
import * as check from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defaultMemoryLimit, memoryText, parseMemorySize } from "../../../pipeline/cli/memorySize.js";

const law = suite("memory size");

law("sizes are read with decimal and binary units, whatever the case", () => {
  assert.is(parseMemorySize("1000000"), 1e6);
  assert.is(parseMemorySize("2GB"), 2e9);
  assert.is(parseMemorySize("1.5 gib"), 1.5 * 2 ** 30);
  assert.is(parseMemorySize("512MiB"), 512 * 2 ** 20);
});

law("what is no size is refused with the value in the message", () => {
  for (const text of ["", "GB", "-1GB", "2 apples", "0", "1e9"]) {
    assert.throws(
      () => parseMemorySize(text),
      (error: Error & { code?: string }) =>
        error.code === "BAD_FLAG_VALUE" && error.message.includes(`"${text}"`),
    );
  }
});

law("a size that was written is read back to three digits", () => {
  check.assert(
    check.property(check.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
      const back = parseMemorySize(memoryText(bytes));
      return Math.abs(back - bytes) <= 0.005 * bytes;
    }),
  );
});

law("what rounds to a thousand of a unit is one of the next, and terabytes have none", () => {
  assert.is(memoryText(999_999), "1.00 MB");
  assert.is(memoryText(999_499), "999 kB");
  assert.is(memoryText(999.6e12), "1000 TB");
  assert.is(memoryText(1234e12), "1230 TB");
});

law("the limit nobody asked for is positive and at most half of the machine's", () => {
  assert.ok(defaultMemoryLimit() > 0 && defaultMemoryLimit() <= totalmem() / 2);
});

law.run();
