import { type TProperties, Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  defineArchitecture,
  defineLabelNoise,
  defineLayers,
  type NetworkData,
} from "../../../pipeline/stage.js";
import { definePlugin, type Plugin } from "../../../plugins/host/plugin.js";
import { labelNoiseLaws } from "../../../plugins/kit/additions/labelNoise.js";
import { architectureLaws, layerLaws } from "../../../plugins/kit/additions/networks.js";
import { type CheckOptions, checkPlugin } from "../../../plugins/kit/check.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { builtIns } from "../../../stages/index.js";

const law = suite("laws of architectures, layers and label noises");

const check = (brought: Partial<Plugin>, trials: CheckOptions["trials"] = {}) =>
  checkPlugin(builtIns, definePlugin({ name: "sample", api: 1, ...brought }), { trials });
const broken = async (brought: Partial<Plugin>, trials?: CheckOptions["trials"]) =>
  (await check(brought, trials)).filter(({ passed }) => !passed).map((result) => result.law);

const units = Type.Integer({ minimum: 1, examples: [4, 9], description: "width" });
let calls = 0;

const dense = (width: number) => ({ type: "dense", name: "hidden", units: width, activation: "relu" });
type Description = (units: number, data: NetworkData) => object;

const wide: Description = (width, { input, classes }) => ({
  input,
  layers: [
    ...(input.length === 1 ? [] : [{ type: "flatten" }]),
    dense(width),
    { type: "dense", name: "head", units: classes },
  ],
});

const architecture = (network: Description, options: TProperties = { units }) => ({
  architectures: {
    wide: defineArchitecture({
      summary: "one hidden layer",
      options: Type.Object(options),
      network: (given, data) => network((given as { readonly units: number }).units, data),
    }),
  },
});
const layers = (make: (units: number) => readonly object[], options: TProperties = { units }) => ({
  layers: {
    twice: defineLayers({
      summary: "two dense layers",
      options: Type.Object(options),
      layers: (given) => make((given as { readonly units: number }).units),
    }),
  },
});
type NoiseLaw = (up: number, classes: number) => readonly (readonly number[])[];
const up = Type.Number({ minimum: 0, maximum: 1, default: 0.5, examples: [0.1], description: "to the next" });
const noise = (make: NoiseLaw, options: TProperties = { up }) => ({
  labelNoises: {
    next: defineLabelNoise({
      summary: "the next class",
      options: Type.Object(options),
      law: (given, classes) => make((given as { readonly up: number }).up, classes),
    }),
  },
});
const nextClass: NoiseLaw = (share, classes) =>
  Array.from({ length: classes }, (_, from) =>
    Array.from({ length: classes }, (_, to) =>
      to === (from + 1) % classes ? share : to === from ? 1 - share : 0,
    ),
  );
const stack = (width: number) => [
  { type: "flatten", name: "flat" },
  { ...dense(width), name: "first" },
  { ...dense(width), name: "second" },
];

law("good ones pass all of them", async () => {
  const results = await check({ ...architecture(wide), ...layers(stack), ...noise(nextClass) });
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
  const names = (subject: string) => results.filter((one) => one.subject === subject).map((one) => one.law);
  assert.equal(names("architecture wide"), Object.keys(architectureLaws));
  assert.equal(names("layer twice"), Object.keys(layerLaws));
  assert.equal(names("label noise next"), Object.keys(labelNoiseLaws));
});

law("those that are for some data or some classes only are good as well", async () => {
  const only = (what: boolean) => {
    if (!what) throw new Error("not for these");
  };
  const images: Description = (width, data) => {
    only(data.input.length === 3 && data.classes === 10);
    return wide(width, data);
  };
  const pairs: NoiseLaw = (share, classes) => {
    only(classes === 2);
    return nextClass(share, classes);
  };
  const convolution = (filters: number) => [{ type: "conv2d", name: "c", filters, kernelSize: [3, 3] }];
  assert.equal(await broken({ ...architecture(images), ...layers(convolution), ...noise(pairs) }), []);
});

const infinite: Description = (width, { input, classes }) => ({
  input,
  layers: [
    ...(input.length === 1 ? [] : [{ type: "flatten" }]),
    { ...dense(width), scale: 1e38 },
    { type: "dense", name: "head", units: classes, scale: 1e38 },
  ],
});

/** What breaks a law of its kind and no other. */
const bad: readonly (readonly [string, string, Partial<Plugin>])[] = [
  [
    "options documented",
    "an architecture with a default that its schema refuses",
    architecture(wide, {
      units,
      more: Type.Optional(
        Type.Object(
          { inside: Type.Number({ minimum: 1, default: 0, description: "i" }) },
          { description: "m" },
        ),
      ),
    }),
  ],
  [
    "options documented",
    "layers without a description",
    layers(stack, { units, more: Type.Optional(Type.Object({ inside: Type.Optional(Type.Number()) })) }),
  ],
  [
    "options documented",
    "a label noise without one",
    noise(nextClass, { up: Type.Number({ default: 0.5 }) }),
  ],
  [
    "deterministic under a seed",
    "an architecture that grows",
    architecture((width, data) => {
      calls += 1;
      return wide(width + calls, data);
    }),
  ],
  [
    "deterministic under a seed",
    "layers that grow",
    layers((width) => {
      calls += 1;
      return stack(width + calls);
    }),
  ],
  [
    "deterministic under a seed",
    "a label noise that changes",
    noise((share, classes) => {
      calls += 1;
      return nextClass(share / calls, classes);
    }),
  ],
  ["computes finite outputs", "an architecture out of bounds", architecture(infinite)],
  [
    "computes finite outputs",
    "layers out of bounds",
    layers((width) =>
      stack(width).map((layer) => (layer.type === "dense" ? { ...layer, scale: 1e38 } : layer)),
    ),
  ],
];

for (const [name, fault, brought] of bad) {
  law(`"${name}" catches ${fault}, and no other law does`, async () => {
    assert.equal(await broken(brought), [name]);
  });
}

const runs = (own: object) => Object.keys(own).slice(1);

law("what makes no network, or one of other outputs, passes no law that runs it", async () => {
  const other: Description = (width, data) => wide(width, { ...data, classes: data.classes + 1 });
  for (const network of [other, () => ({ layers: [] }), () => ({})] as const) {
    assert.equal(await broken(architecture(network)), runs(architectureLaws));
  }
  assert.equal(await broken(layers(() => [{ type: "no such layer" }])), runs(layerLaws));
  const [result] = (await check(architecture(other))).filter(({ passed }) => !passed);
  assert.match(result.reason ?? "", "2 classes");
});

law("what makes no probabilities passes no law that runs it", async () => {
  for (const make of [
    (share, classes) => nextClass(share, classes).map((row) => row.map((value) => 2 * value)),
    (share, classes) => nextClass(share, classes).slice(1),
    (_, classes) => nextClass(-0.5, classes),
  ] as const satisfies readonly NoiseLaw[]) {
    assert.equal(await broken(noise(make)), runs(labelNoiseLaws));
  }
});

law("every example of an option is tried", async () => {
  const four: Description = (width, data) => {
    if (width === 9) throw new Error("too wide");
    return wide(width, data);
  };
  const [result] = (await check(architecture(four))).filter(({ passed }) => !passed);
  assert.match(result.reason ?? "", /"units":9.*too wide/);
});

law("what needs options without an example needs a trial", async () => {
  const bare = architecture(wide, { units: Type.Integer({ minimum: 1, description: "width" }) });
  const [result] = (await check(bare)).filter(({ passed }) => !passed);
  assert.match(result.reason ?? "", "TRIAL_OPTIONS");
  assert.equal(await broken(bare, { "architecture wide": { options: { units: 3 } } }), []);
});

law("a plugin that brings nothing has kept no law", async () => {
  const error = await check({}).then(
    () => undefined,
    (thrown: JacoflowError) => thrown,
  );
  assert.is(error?.code, "PLUGIN_EMPTY");
});

law.run();
