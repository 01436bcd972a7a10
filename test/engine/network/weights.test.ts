import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import type { NamedTensor } from "../../../engine/network/safetensors.js";
import {
  headDiffers,
  parametersFrom,
  parametersWithNewHead,
  tensorsFrom,
} from "../../../engine/network/weights.js";
import { golden } from "../../support/golden.js";

const test = suite("weights");
const source = { file: "w.safetensors" };

function changed(change: (tensors: Map<string, NamedTensor>) => void): ReadonlyMap<string, NamedTensor> {
  const tensors = new Map(golden("cnn-pool").tensors);
  change(tensors);
  return tensors;
}

const { network } = golden("cnn-pool");

function refused(
  tensors: ReadonlyMap<string, NamedTensor>,
  code: string,
  message: string,
  remedy: RegExp,
): void {
  assert.throws(
    () => parametersFrom(network, tensors, source),
    (error: { code: string; message: string; remedy: string }) => {
      assert.is(error.code, code);
      assert.is(error.message, message);
      assert.match(error.remedy, remedy);
      return true;
    },
  );
}

test("tensors to parameters and back is the identity", () => {
  const { tensors } = golden("resnet20-pretrained");
  const net = golden("resnet20-pretrained").network;
  const back = tensorsFrom(parameterLayout(net), parametersFrom(net, tensors, source));
  assert.is(back.length, tensors.size);
  for (const { name, shape, values } of back) {
    assert.equal(shape, tensors.get(name)?.shape);
    assert.equal(values, tensors.get(name)?.values);
  }
});

test("a missing tensor is named, with the nearest one that no layer claims", () => {
  const tensors = changed((map) => {
    const kernel = map.get("conv2/kernel");
    assert.ok(kernel);
    map.delete("conv2/kernel");
    map.set("conv2/kernal", kernel);
  });
  refused(
    tensors,
    "MISSING_WEIGHT",
    'w.safetensors: the network needs tensor "conv2/kernel" (3×3×8×12), which the file does not hold',
    /conv2\/kernal/,
  );
});

test("a tensor of the wrong shape is named with both shapes", () => {
  const tensors = changed((map) =>
    map.set("logits/bias", { name: "logits/bias", shape: [9], values: new Float32Array(9) }),
  );
  refused(
    tensors,
    "WEIGHT_SHAPE",
    'w.safetensors: tensor "logits/bias" is 9, the network needs 10',
    /kernels are/,
  );
});

test("a layer too large for any memory is refused by the shape of its weights", () => {
  const layers = [{ type: "dense", name: "huge", units: 1e15 }] as const;
  const kernel = { name: "huge/kernel", shape: [2, 3], values: new Float32Array(6) };
  assert.throws(
    () => parametersFrom({ input: [2], layers }, new Map([[kernel.name, kernel]]), source),
    (error: { code: string }) => error.code === "WEIGHT_SHAPE",
  );
});

test("a tensor no layer claims is named", () => {
  const tensors = changed((map) =>
    map.set("conv3/bias", { name: "conv3/bias", shape: [1], values: new Float32Array(1) }),
  );
  refused(
    tensors,
    "EXTRA_WEIGHT",
    'w.safetensors: tensor "conv3/bias" belongs to no layer of the network',
    /conv/,
  );
});

test("with another K everything but the last dense layer is copied and the head stays new", () => {
  const { tensors, parameters } = golden("cnn-pool");
  const three: Network = {
    ...network,
    layers: network.layers.map((layer) => (layer.type === "dense" ? { ...layer, units: 3 } : layer)),
  };
  assert.ok(headDiffers(three, tensors));
  assert.not.ok(headDiffers(network, tensors));
  const fresh = new Float32Array(parameterLayout(three).totalCount).fill(7);
  const joined = parametersWithNewHead(three, tensors, fresh, source);
  for (const slot of parameterLayout(three).tensors) {
    const values = joined.subarray(slot.offset, slot.offset + slot.size);
    if (slot.name.startsWith("logits/")) assert.ok(values.every((value) => value === 7));
    else assert.equal(values, parameters.subarray(slot.offset, slot.offset + slot.size));
  }
});

test.run();
