import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Layer, Padding } from "../../../engine/network/network.js";
import { inferShapes } from "../../../engine/network/shapes.js";
import { slidingWindow } from "../../../engine/network/window.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { golden, goldenNames } from "../../support/golden.js";

const test = suite("shapes and layout");

const head: Layer[] = [{ type: "flatten" }, { type: "dense", name: "logits", units: 2 }];
const onImage = (...layers: Layer[]) => ({ input: [3, 3, 8], layers: [...layers, ...head] });
const convolution = (name: string, kernelSize: number, padding: Padding): Layer => ({
  type: "conv2d",
  name,
  filters: 4,
  kernelSize,
  padding,
});

function refused(layers: Layer[], message: string): void {
  assert.throws(
    () => inferShapes(onImage(...layers)),
    (error: JacoflowError) => {
      assert.is(error.code, "INVALID_LAYER");
      assert.is(error.message, message);
      return true;
    },
  );
}

test("a kernel larger than its input is an error that names the layer and both sizes", () => {
  refused(
    [convolution("conv2", 5, "valid")],
    'layer "conv2": kernel 5×5 does not fit input 3×3×8 with padding valid',
  );
});

test("a pool with padding as wide as itself is refused", () => {
  refused(
    [{ type: "maxPooling2d", poolSize: 2, padding: 2 }],
    "layer layers[0] (maxPooling2d): padding 2 leaves pools of 2×2 with nothing in them",
  );
});

test("branches of a residual that differ in shape are refused", () => {
  refused(
    [{ type: "residual", name: "block", main: [convolution("a", 1, "same")], shortcut: [] }],
    'layer "block": main gives 3×3×4 and shortcut 3×3×8, which cannot be added',
  );
});

test("a dense layer on an image, and an image at the end, are refused", () => {
  assert.throws(
    () => inferShapes({ input: [3, 3, 8], layers: [{ type: "dense", name: "d", units: 2 }] }),
    /layer "d": dense needs a flat input, not 3×3×8/,
  );
  assert.throws(
    () => inferShapes({ input: [3, 3, 8], layers: [convolution("c", 1, "same")] }),
    /layer "c": the network ends with 3×3×4/,
  );
});

test("same padding puts the odd zero below and to the right, as TensorFlow does", () => {
  const window = slidingWindow([32, 7], 5, 2, "same");
  assert.equal([...window.before, ...window.after], [1, 2, 2, 2]);
  assert.equal(window.output, [16, 4]);
});

test("every window of a sliding window begins and ends inside the padded image", () => {
  const side = fc.integer({ min: 1, max: 20 });
  const padding = fc.oneof(fc.constantFrom<Padding>("same", "valid"), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(
      side,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 4 }),
      padding,
      (n, k, s, pad) => {
        const { before, after, output } = slidingWindow([n, n], k, s, pad);
        const padded = before[0] + n + after[0];
        fc.pre(output[0] >= 1);
        assert.ok((output[0] - 1) * s + k <= padded);
        // One more window would not fit, except that `same` always stops at ceil(n / s).
        if (pad === "same") assert.is(output[0], Math.ceil(n / s));
        else assert.ok(output[0] * s + k > padded);
      },
    ),
  );
});

for (const name of goldenNames) {
  test(`the layout of ${name} has the tensors of its weight file, trainable ones first, without a gap`, () => {
    const { network, tensors, expected } = golden(name);
    const layout = parameterLayout(network);
    assert.is(layout.trainableCount, expected.trainableParameters);
    assert.equal(layout.tensors.map((slot) => slot.name).sort(), [...tensors.keys()].sort());
    let offset = 0;
    let trainable = true;
    for (const slot of layout.tensors) {
      assert.is(slot.offset, offset);
      assert.equal(slot.shape, tensors.get(slot.name)?.shape);
      assert.ok(trainable || !slot.trainable, `${slot.name} comes after one that is not trainable`);
      trainable = slot.trainable;
      offset += slot.size;
    }
    assert.is(offset, layout.totalCount);
  });
}

test.run();
