import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defineLayers } from "../../../pipeline/stage.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { expandLayers } from "../../../stages/network/layers.js";

const law = suite("layers of plugins");

const pair = defineLayers({
  summary: "two dense layers",
  options: Type.Object({
    units: Type.Integer({ minimum: 1, maximum: 99, description: "width of both" }),
    activation: Type.String({ default: "relu", description: "of both" }),
  }),
  layers: ({ units, activation }) => {
    if (units === 13) throw new Error("thirteen");
    return ["first", "second"].map((name) => ({ type: "dense", name, units, activation }));
  },
});
const added = new Map([["pair", { plugin: "mine", thing: pair }]]);
const expand = (layers: unknown) => expandLayers({ input: [3], layers }, added, "network");
const dense = (name: string, units: number, activation = "relu") => ({
  type: "dense",
  name,
  units,
  activation,
});

law("a plugin's layer is what it stands for, with its name before theirs; others stay as they are", () => {
  const out = dense("out", 2, "linear");
  assert.equal(expand([{ type: "pair", name: "a", units: 5 }, { type: "pair", units: 4 }, out]), {
    input: [3],
    layers: [dense("a-first", 5), dense("a-second", 5), dense("first", 4), dense("second", 4), out],
  });
});

law("layers in the branches of a residual block are replaced too", () => {
  const residual = (main: readonly unknown[]) => ({ type: "residual", main, shortcut: [] });
  assert.equal(expand([residual([residual([{ type: "pair", units: 3 }])])]), {
    input: [3],
    layers: [residual([residual([dense("first", 3), dense("second", 3)])])],
  });
});

law("options are checked by the layer's own schema, and every refusal names the plugin", () => {
  for (const [layer, words] of [
    [{ units: 5, unit: 5 }, 'no option "unit"'],
    [{ units: 100 }, "/units"],
    [{}, "units"],
    [{ units: 13 }, "thirteen"],
  ] as const) {
    assert.throws(
      () => expand([{ type: "pair", ...layer }]),
      (error: JacoflowError) =>
        error.code === "PLUGIN_LAYER" &&
        error.message.includes('"pair" of plugin "mine"') &&
        error.message.includes(words),
      words,
    );
  }
});

law("what is no network is left as it is", () => {
  for (const value of [7, null, [], { layers: 7 }, { layers: [7, null, { type: 7 }] }]) {
    assert.equal(expandLayers(value, added, "network"), value);
  }
});

law.run();
