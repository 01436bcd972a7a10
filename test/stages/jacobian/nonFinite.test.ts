import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { density } from "../../../stages/jacobian/density.js";
import { spectrum } from "../../../stages/jacobian/spectrum.js";
import { snapshotWriter } from "../../../stages/snapshot.js";
import { examplesBatch } from "../../support/examples.js";
import { runStage } from "../../support/stage.js";

const law = suite("the Jacobian of a network that is not finite");

const network: Network = {
  input: [3],
  layers: [
    { type: "dense", name: "first", units: 4 },
    { type: "dense", name: "second", units: 2 },
  ],
};
const layout = parameterLayout(network);
const examples = [
  examplesBatch({
    train: [0, 1, 0, 1, 1],
    classes: ["a", "b"],
    shape: [3],
    feature: (row, place) => 1 + row + place,
  }),
];

/** A snapshot of small parameters of which `change` makes what is wrong with it. */
function snapshot(change: (tensor: (name: string) => Float32Array) => void): RecordBatch {
  const parameters = Float32Array.from({ length: layout.totalCount }, (_, at) => Math.sin(at + 1) / 4);
  change((name) => {
    const slot = layout.tensors.find((each) => each.name === name)!;
    return parameters.subarray(slot.offset, slot.offset + slot.size);
  });
  return snapshotWriter(network).batch(7, 1, parameters);
}

const broken: readonly (readonly [string, RecordBatch, RegExp])[] = [
  [
    "a NaN among the parameters",
    snapshot((tensor) => tensor("second/kernel").fill(Number.NaN, 3, 4)),
    /step 7: number 3 of tensor "second\/kernel" is NaN/,
  ],
  [
    "an infinite parameter",
    snapshot((tensor) => tensor("first/bias").fill(Number.NEGATIVE_INFINITY, 1, 2)),
    /step 7: number 1 of tensor "first\/bias" is -Infinity/,
  ],
  [
    "outputs that overflow",
    snapshot((tensor) => [tensor("first/kernel").fill(1e30), tensor("second/kernel").fill(1e30)]),
    /step 7, train: output 0 of example 0 is (Infinity|NaN)/,
  ],
  [
    "derivatives that overflow though the outputs do not",
    snapshot((tensor) => [
      tensor("first/kernel").fill(0),
      tensor("first/bias").fill(0),
      tensor("second/kernel").fill(3e38),
    ]),
    /step 7, train: the Jacobian holds (Infinity|NaN)/,
  ],
];

const allFinite = (batch: RecordBatch) =>
  [...batch.getChild("singular_value")!].every((value) => Number.isFinite(value));

const engines: Engine[] = [];
law.before(async () => {
  for (const name of ["native", "wasm", "cpu"] as const) engines.push(await createEngine(name));
});
law.after(async () => {
  for (const engine of engines) await engine.close();
});

for (const [what, parameters, reason] of broken) {
  law(
    `${what} is an error with step, split, tensor or example, on every engine by every method`,
    async () => {
      for (const engine of engines) {
        const inputs = { examples, parameters: [parameters] };
        const tries: readonly (readonly [typeof spectrum | typeof density, object])[] = [
          ...["auto", "exact", "block-krylov"].map((method) => [spectrum, { rank: 3, method }] as const),
          [spectrum, { rank: 3, method: "exact", precision: "float64" }],
          [density, {}],
          [density, { exactUpTo: 2, columns: 2, sweeps: 2 }],
        ];
        for (const [stage, options] of tries) {
          const { error, batches } = await runStage(stage, { inputs, engine, options: { ...options } });
          const text = `${engine.name}: ${stage.name} ${JSON.stringify(options)}: ${String(error)}`;
          // A way that multiplies in float64 holds what float32 does not.
          if (error === undefined && what.startsWith("derivatives")) {
            const sent = batches.spectrum ?? batches.density;
            assert.ok(sent.length > 0 && sent.every(allFinite), text);
            continue;
          }
          assert.is((error as JacoflowError | undefined)?.code, "NON_FINITE_NETWORK", text);
          assert.match((error as JacoflowError).message, reason, text);
          assert.is(Object.values(batches).flat().length, 0, text);
        }
      }
    },
  );
}

law.run();
