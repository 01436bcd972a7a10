import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createNativeEngine } from "../../../engine/native/engine.js";
import type { Network } from "../../../engine/network/network.js";
import { numbersFor } from "../../support/randomNetworks.js";

const test = suite("3×3 convolutions of stride 1 on the native engine");

/** Two such convolutions, so that both gradients pass through the second; smooth, so that no sign can flip. */
function network(height: number, width: number, channels: readonly number[], padding: number): Network {
  const [input, middle, filters] = channels;
  const side = 2 * (padding - 1);
  return {
    input: [height - side, width - side, input],
    layers: [
      { type: "conv2d", name: "first", filters: middle, kernelSize: 3, padding, activation: "tanh" },
      {
        type: "residual",
        main: [{ type: "conv2d", name: "second", filters: middle, kernelSize: 3, padding: 1 }],
        shortcut: [],
      },
      { type: "conv2d", name: "third", filters, kernelSize: 3, padding: 1, activation: "tanh" },
      { type: "globalAveragePooling2d" },
      { type: "dense", name: "head", units: 3 },
    ],
  };
}

test("float32 rows, filtered in tiles where sides are even, are float64's, which never are", async () => {
  const engine = await createNativeEngine({ threads: 2 });
  try {
    const channels = fc.integer({ min: 1, max: 67 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 13 }),
        fc.integer({ min: 2, max: 13 }),
        fc.tuple(channels, channels, channels),
        fc.integer({ min: 1, max: 2 }),
        async (height, width, sizes, padding) => {
          const even = network(height + 2, width + 2, sizes, padding);
          const { parameters, features } = numbersFor(even, 3, "tiles");
          const model = await engine.open(even);
          await model.load(parameters);
          const matrix = { rows: 3, columns: features.length / 3, values: features };
          const found = (await model.rows(matrix)).values;
          const expected = (await model.rows64(matrix)).values;
          await model.close();
          let largest = 0;
          let apart = 0;
          for (let index = 0; index < expected.length; index += 1) {
            largest = Math.max(largest, Math.abs(expected[index]));
            apart = Math.max(apart, Math.abs(expected[index] - found[index]));
          }
          assert.ok(apart <= 2e-5 * largest, `apart by ${apart / largest} of the largest entry`);
        },
      ),
      { numRuns: 40, seed: 1 },
    );
  } finally {
    await engine.close();
  }
});

test.run();
