import type { Activation, Layer } from "./network.js";

/** PyTorch's and He et al.'s epsilon; Keras' own default, 1e-3, would not fit published weights. */
const epsilon = 1e-5;

/**
 * The layers of a ResNet for small images (He et al. 2016, §4.2): a 3×3 stem of 16 channels, three stages of `blocks`
 * two-convolution blocks with 16, 32, 64 channels, the image halved at the start of the second and third, shortcuts of
 * option A (strided, zero channels), global average pooling and a dense layer of `outputs` units.
 */
export function residualNetwork(
  blocks: number,
  outputs: number,
  activation: Activation,
  norm: "none" | "batch",
): readonly Layer[] {
  const convolution = (name: string, filters: number, strides: number): Layer => ({
    type: "conv2d",
    name,
    filters,
    kernelSize: 3,
    strides,
    padding: 1,
    useBias: false,
  });
  const normalization = (name: string): Layer[] =>
    norm === "none" ? [] : [{ type: "batchNormalization", name, epsilon }];
  const bend: Layer = { type: "activation", activation };

  const block = (stage: number, index: number): Layer[] => {
    const name = `stage${stage}-block${index}`;
    const filters = 16 * 2 ** (stage - 1);
    const strides = stage > 1 && index === 1 ? 2 : 1;
    const main = [
      convolution(`${name}-conv1`, filters, strides),
      ...normalization(`${name}-norm1`),
      bend,
      convolution(`${name}-conv2`, filters, 1),
      ...normalization(`${name}-norm2`),
    ];
    const shortcut: Layer[] =
      strides === 1 ? [] : [{ type: "padShortcut", strides, channels: [filters / 4, filters / 4] }];
    return [{ type: "residual", main, shortcut }, bend];
  };

  const stages = [1, 2, 3].flatMap((stage) =>
    Array.from({ length: blocks }, (_, index) => block(stage, index + 1)).flat(),
  );
  return [
    convolution("stem", 16, 1),
    ...normalization("stem-norm"),
    bend,
    ...stages,
    { type: "globalAveragePooling2d" },
    { type: "dense", name: "logits", units: outputs },
  ];
}
