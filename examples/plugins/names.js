// Adds an architecture, a layer and a law of label noise, which a pipeline file then calls by name:
// `network/init, with: { architecture: pyramid, widest: 64, layers: 3 }`, `labels/noise, with: { kind: neighbours, … }`.
import { defineArchitecture, defineLabelNoise, defineLayers, definePlugin } from "jacoflow";
import { Type } from "typebox";

const pyramid = defineArchitecture({
  summary: "dense layers with relu, each half as wide as the one before",
  options: Type.Object({
    widest: Type.Integer({ minimum: 1, examples: [64], description: "width of the first hidden layer" }),
    layers: Type.Integer({ minimum: 1, maximum: 16, default: 2, description: "hidden layers" }),
  }),
  network: ({ widest, layers }, { input, classes }) => ({
    input,
    layers: [
      ...(input.length === 1 ? [] : [{ type: "flatten" }]),
      ...Array.from({ length: layers }, (_, index) => ({
        type: "dense",
        name: `hidden${index + 1}`,
        units: Math.max(1, Math.round(widest / 2 ** index)),
        activation: "relu",
      })),
      { type: "dense", name: "logits", units: classes },
    ],
  }),
});

const neighbours = defineLabelNoise({
  summary: "the next class or the one before, in a circle",
  options: Type.Object({
    up: Type.Number({ minimum: 0, maximum: 1, default: 0.5, description: "probability of the next class" }),
  }),
  law: ({ up }, classes) =>
    Array.from({ length: classes }, (_, from) => {
      const row = Array.from({ length: classes }, () => 0);
      row[(from + 1) % classes] += up;
      row[(from + classes - 1) % classes] += 1 - up;
      return row;
    }),
});

const halving = defineLayers({
  summary: "two dense layers with relu, the second half as wide",
  options: Type.Object({
    units: Type.Integer({ minimum: 2, examples: [32], description: "width of the first" }),
  }),
  layers: ({ units }) => [
    { type: "dense", name: "wide", units, activation: "relu" },
    { type: "dense", name: "narrow", units: Math.round(units / 2), activation: "relu" },
  ],
});

export default definePlugin({
  name: "names",
  api: 1,
  architectures: { pyramid },
  labelNoises: { neighbours },
  layers: { halving },
});
