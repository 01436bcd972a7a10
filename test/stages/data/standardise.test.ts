import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Standardisation, standardiser } from "../../../stages/data/standardise.js";

const test = suite("stages/data/standardise");
const image = fc.uint8Array({ minLength: 12, maxLength: 12 });

function apply(kind: Standardisation, pixels: Uint8Array, channels = 1): Float32Array {
  const target = new Float32Array(pixels.length);
  standardiser(kind, channels)(pixels, target);
  return target;
}

const close = (found: number, wanted: number, tolerance = 1e-6) =>
  assert.ok(Math.abs(found - wanted) <= tolerance, `${found}, not ${wanted}`);

test("none divides by 255", () => {
  assert.equal([...apply("none", Uint8Array.of(0, 51, 255))], [0, Math.fround(0.2), 1]);
});

test("per-example gives mean 0 and mean square 1, and 0 for an image of one colour", () => {
  fc.assert(
    fc.property(image, (pixels) => {
      const values = apply("per-example", pixels);
      if (new Set(pixels).size === 1) {
        assert.ok(values.every((value) => value === 0));
        return;
      }
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      close(mean, 0);
      close(values.reduce((sum, value) => sum + value * value, 0) / values.length, 1);
      // Order and spacing are those of the pixels.
      const k =
        (values[0] - values[1]) * (pixels[2] - pixels[3]) - (values[2] - values[3]) * (pixels[0] - pixels[1]);
      close(k, 0, 1e-3);
    }),
  );
});

test("per-example of 0, 0, 255, 255 is −1, −1, 1, 1: the deviation divides by n", () => {
  assert.equal([...apply("per-example", Uint8Array.of(0, 0, 255, 255))], [-1, -1, 1, 1]);
});

test("unit-norm gives Euclidean norm 1, and 0 for a black image", () => {
  fc.assert(
    fc.property(image, (pixels) => {
      const norm = Math.sqrt(apply("unit-norm", pixels).reduce((sum, value) => sum + value * value, 0));
      close(norm, pixels.some((pixel) => pixel > 0) ? 1 : 0);
    }),
  );
  assert.equal([...apply("unit-norm", new Uint8Array(3))], [0, 0, 0]);
});

test("mean and deviation apply to pixel / 255, per channel when they are lists", () => {
  assert.equal([...apply({ mean: 0.5, deviation: 0.25 }, Uint8Array.of(255, 0))], [2, -2]);
  const two = apply({ mean: [0, 1], deviation: [1, 0.5] }, Uint8Array.of(255, 255, 0, 0), 2);
  assert.equal([...two], [1, 0, 0, -2]);
});

test.run();
