import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Additions, defineStage, output, stream } from "../../../pipeline/stage.js";
import { loadPlugin } from "../../../plugins/host/load.js";
import { definePlugin } from "../../../plugins/host/plugin.js";
import { registerPlugins } from "../../../plugins/host/register.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { withFolder } from "../../support/folder.js";

const law = suite("plugins");

const plain = (name: string) => `export default { name: "${name}", api: 1, stages: [] };\n`;

function write(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** An installed package whose module is `text`. */
const installed = (name: string, text: string) => ({
  [`node_modules/${name}/package.json`]: `{ "name": "${name}", "type": "module", "exports": "./index.js" }`,
  [`node_modules/${name}/index.js`]: text,
});

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: JacoflowError) => error,
  );

law("the long name of a package comes before the bare one, and both before a file", () =>
  withFolder(async (folder) => {
    write(folder, {
      ...installed("x", plain("bare")),
      x: "not a module",
      "package.json": '{ "type": "module" }',
    });
    assert.is((await loadPlugin("x", [folder])).plugin.name, "bare");
    write(folder, installed("jacoflow-plugin-x", plain("long")));
    write(folder, installed("@me/jacoflow-plugin-x", plain("scoped")));
    assert.is((await loadPlugin("@me/x", [folder])).plugin.name, "scoped");
    write(folder, { "x.js": plain("file") });
    assert.is((await loadPlugin("./x.js", [folder])).plugin.name, "file");
  }),
);

law("a miss says everything that was tried", () =>
  withFolder(async (folder) => {
    const error = await refusal(loadPlugin("@me/x", [folder]));
    assert.is(error?.code, "PLUGIN_NOT_FOUND");
    for (const tried of ["@me/jacoflow-plugin-x", "package @me/x", join(folder, "@me/x")]) {
      assert.ok(error?.message.includes(tried), tried);
    }
  }),
);

law("a miss names the nearest there is: an installed plugin, or a file beside it", () =>
  withFolder(async (folder) => {
    write(folder, {
      ...installed("jacoflow-plugin-margin", plain("margin")),
      ...installed("@me/jacoflow-plugin-angle", plain("angle")),
      "plugins/own.js": plain("own"),
    });
    for (const [asked, nearest] of [
      ["margni", "margin"],
      ["@me/angel", "@me/angle"],
      ["./plugins/owm.js", "./plugins/own.js"],
      ["quite-another", undefined],
      ["./nowhere/own.js", undefined],
    ] as const) {
      const error = await refusal(loadPlugin(asked, [folder]));
      const remedy = error?.remedy ?? "";
      assert.is(remedy === `Did you mean "${nearest}"?`, nearest !== undefined, `${asked}: ${remedy}`);
    }
  }),
);

law("a folder is the package in it, and its module what `import` would take", () =>
  withFolder(async (folder) => {
    const manifests = {
      exports: { exports: { ".": { types: "./a.d.ts", import: "./lib/a.js" }, "./more": "./more.js" } },
      conditions: { exports: { require: "./no.cjs", default: { node: "./lib/a.js" } } },
      string: { exports: "./lib/a.js", main: "no.js" },
      main: { main: "lib/a.js" },
      short: { main: "lib/a" },
      nothing: {},
    };
    for (const [name, manifest] of Object.entries(manifests)) {
      write(folder, {
        [`${name}/package.json`]: JSON.stringify({ name, version: "1.2.3", type: "module", ...manifest }),
        [`${name}/${name === "nothing" ? "index" : "lib/a"}.js`]: plain(name),
      });
      for (const asked of [`./${name}`, `${name}/`, join(folder, name)]) {
        const { plugin, version } = await loadPlugin(asked, [folder]);
        assert.equal([plugin.name, version], [name, "1.2.3"], asked);
      }
      const there = await loadPlugin(".", [join(folder, name)]);
      assert.is(there.plugin.name, name);
    }
  }),
);

law("a package is seen from its own folder, and one that only `import` may take is found", () =>
  withFolder(async (folder) => {
    write(folder, {
      "own/package.json":
        '{ "name": "jacoflow-plugin-own", "type": "module", "exports": { "import": "./a.js" } }',
      "own/a.js": plain("own"),
      ...installed("jacoflow-plugin-other", plain("other")),
      "node_modules/jacoflow-plugin-other/package.json":
        '{ "name": "jacoflow-plugin-other", "type": "module", "exports": { ".": { "import": "./index.js" } } }',
    });
    assert.is((await loadPlugin("own", [join(folder, "own")])).plugin.name, "own");
    assert.is((await loadPlugin("other", [join(folder, "own")])).plugin.name, "other");
  }),
);

law("a folder without a package, and a package that is not built, are refused by name", () =>
  withFolder(async (folder) => {
    write(folder, {
      "empty/readme": "",
      "broken/package.json": "{",
      "closed/package.json": '{ "exports": { "./more": "./more.js" } }',
      "source/package.json": '{ "exports": { ".": { "types": "./dist/a.d.ts", "default": "./dist/a.js" } } }',
      "source/src/a.ts": "",
      "main/package.json": '{ "main": "dist" }',
      "main/dist/readme": "",
      "node_modules/jacoflow-plugin-x/package.json": '{ "exports": "./dist/index.js" }',
    });
    for (const [name, code, said] of [
      ["./empty", "PLUGIN_FOLDER", "package.json"],
      ["./broken", "PLUGIN_FOLDER", "package.json"],
      ["./closed", "PLUGIN_FOLDER", "exports"],
      ["./source", "PLUGIN_NOT_BUILT", join(folder, "source/dist/a.js")],
      ["./main", "PLUGIN_NOT_BUILT", join(folder, "main/dist")],
      ["x", "PLUGIN_NOT_BUILT", "jacoflow-plugin-x/dist/index.js"],
    ]) {
      const error = await refusal(loadPlugin(name, [folder]));
      assert.is(error?.code, code, name);
      assert.ok(error?.message.includes(name) && error.message.includes(said), error?.message);
    }
    const { remedy } = (await refusal(loadPlugin("./source", [folder]))) as JacoflowError;
    assert.match(remedy ?? "", "npm run build");
  }),
);

law("what is no plugin, throws or speaks another version is refused by name", () =>
  withFolder(async (folder) => {
    const stage = (change: string) =>
      `export default { name: "a", api: 1, stages: [{ name: "a/b", summary: "s", options: { properties: {} }, inputs: {}, outputs: {}, run() {}, ${change} }] };`;
    const named = (kind: string, change: string) =>
      `export default { name: "a", api: 1, ${kind}: { b: { summary: "s", options: { properties: {} }, network() {}, law() {}, ${change} } } };`;
    const cases = {
      PLUGIN_NOT_LOADABLE: ["throw new Error('no');", "import 'no-such-package';", "export default {"],
      PLUGIN_MALFORMED: [
        "export const a = 1;",
        plain("A b"),
        stage("name: 'b'"),
        stage("run: 1"),
        stage("outputs: undefined"),
        stage("inputs: { a: { table: 'metrics' } }"),
        stage("inputs: { a: { table: 'nothing', delivery: 'stream' } }"),
        stage("outputs: { a: { table: 'any' } }"),
        stage("outputs: { a: null }"),
        stage("plan: {}"),
        stage("replaces: 1"),
        stage("options: { properties: { a: null } }"),
        stage("options: { properties: { a: {} } }"),
        named("architectures", "summary: ''"),
        named("architectures", "network: undefined"),
        named("architectures", "options: undefined"),
        named("architectures", "options: { properties: { outputScale: { description: 'taken' } } }"),
        named("labelNoises", "options: { properties: { fraction: { description: 'taken' } } }"),
        named("labelNoises", "law: 1"),
        "export default { name: 'a', api: 1, labelNoises: { 'A b': {} } };",
        "export default { name: 'a', api: 1, sinks: [] };",
      ],
      PLUGIN_API: ["export default { name: 'a', api: 2 };", "export default { name: 'a' };"],
    };
    write(folder, { "package.json": '{ "type": "module" }' });
    for (const [code, sources] of Object.entries(cases)) {
      for (const [index, source] of sources.entries()) {
        const file = `./${code}-${index}.js`;
        write(folder, { [file]: source });
        const error = await refusal(loadPlugin(file, [folder]));
        assert.is(error?.code, code, source);
        assert.ok(error?.message.includes(file), source);
      }
    }
  }),
);

law("the version is that of the package; a file by itself has none", () =>
  withFolder(async (folder) => {
    write(folder, {
      ...installed("x", plain("x")),
      "node_modules/x/package.json":
        '{ "name": "x", "version": "1.2.3", "type": "module", "exports": "./index.js" }',
      "y.js": plain("y"),
      "package.json": '{ "type": "module", "version": "9.9.9" }',
    });
    const [x, y] = await Promise.all(["x", "./y.js"].map((name) => loadPlugin(name, [folder])));
    assert.is(x.version, "1.2.3");
    assert.is(y.version, undefined);
    assert.is(y.file, join(folder, "y.js"));
  }),
);

const sample = (name: string, change: object = {}) =>
  defineStage({
    name,
    summary: "A stage.",
    options: Type.Object({}),
    inputs: { a: stream("metrics", "read") },
    outputs: { b: output("metrics", "sent") },
    run: async () => undefined,
    ...change,
  });
const stagesThere = new Map([["built/in", sample("built/in")]]);
const builtIns = {
  stages: () => stagesThere,
  architectures: ["mlp"],
  labelNoises: ["matrix"],
  layers: ["dense"],
};
const plugin = (name: string, ...stages: readonly ReturnType<typeof sample>[]) =>
  definePlugin({ name, api: 1, stages });

law("a replacement is there under both names", () => {
  const mine = sample("my/own", { replaces: "built/in" });
  const stages = registerPlugins(builtIns, [plugin("a", mine)]);
  assert.is(stages.get("built/in"), mine);
  assert.is(stages.get("my/own"), mine);
  assert.is.not(stagesThere.get("built/in"), mine);
});

law("an added architecture and a noise reach the built-in stages with the plugin's name", () => {
  const architecture = { summary: "s", options: Type.Object({}), network: () => ({}) };
  const noise = { summary: "s", options: Type.Object({}), law: () => [[1]] };
  const reached: Additions[] = [];
  const listening = {
    ...builtIns,
    stages: (additions: Additions) => {
      reached.push(additions);
      return stagesThere;
    },
  };
  const one = definePlugin({ name: "one", api: 1, architectures: { a: architecture } });
  const two = definePlugin({ name: "two", api: 1, labelNoises: { a: noise } });
  registerPlugins(listening, [one, two]);
  assert.equal([...reached[0].architectures], [["a", { plugin: "one", thing: architecture }]]);
  assert.equal([...reached[0].labelNoises], [["a", { plugin: "two", thing: noise }]]);
  for (const plugins of [
    [one, definePlugin({ name: "other", api: 1, architectures: { a: architecture } })],
    [definePlugin({ name: "one", api: 1, architectures: { mlp: architecture } })],
    [definePlugin({ name: "one", api: 1, labelNoises: { matrix: noise } })],
    [
      definePlugin({
        name: "one",
        api: 1,
        layers: { dense: { summary: "s", options: Type.Object({}), layers: () => [] } },
      }),
    ],
  ]) {
    assert.throws(
      () => registerPlugins(listening, plugins),
      (error: JacoflowError) => error.code === "PLUGIN_NAME_TAKEN",
    );
  }
});

law("names that are taken and replacements that do not fit are refused", () => {
  const replacing = (name: string, change: object = {}) => sample(name, { replaces: "built/in", ...change });
  for (const [code, plugins] of [
    ["PLUGIN_NAME_TAKEN", [plugin("a", sample("built/in"))]],
    ["PLUGIN_NAME_TAKEN", [plugin("a", sample("x/y")), plugin("b", sample("x/y"))]],
    ["PLUGIN_NAME_TAKEN", [plugin("a"), plugin("a")]],
    ["PLUGIN_NAME_TAKEN", [plugin("a", replacing("x/y"), replacing("x/z"))]],
    ["PLUGIN_REPLACES_NOTHING", [plugin("a", sample("x/y", { replaces: "built/on" }))]],
    ["PLUGIN_OTHER_PORTS", [plugin("a", replacing("x/y", { inputs: {} }))]],
    ["PLUGIN_OTHER_PORTS", [plugin("a", replacing("x/y", { outputs: { b: output("spectrum", "") } }))]],
  ] as const) {
    assert.throws(
      () => registerPlugins(builtIns, plugins),
      (error: JacoflowError) => error.code === code,
      code,
    );
  }
});

law.run();
