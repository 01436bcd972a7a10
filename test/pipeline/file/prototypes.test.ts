// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { smallPipeline } from "../../support/smallPipeline.js";

const law = suite("names that every object of JavaScript has");
const { stages, engines } = composition();

/** Codes of the mistakes of a text; what has none is thrown. */
async function codesOf(text: string, sets: readonly string[] = []): Promise<readonly string[]> {
  try {
    await loadPipeline({
      ...{ text, sets, stages, engines, file: "names.yaml", environment: {} },
      ...{ requireSink: true, checkEnvironment: false },
    });
    return [];
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    return error.errors.map(({ code }) => code);
  } finally {
    for (const value of [{}, [], () => 0]) assert.is(Reflect.get(value, "polluted"), undefined);
  }
}

const small = smallPipeline();

for (const name of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"]) {
  for (const [where, text, sets] of [
    ["a key of the file", `${small}${name}: { polluted: 1 }\n`],
    [
      "a stage's key",
      smallPipeline({ data: `{ uses: data/idx, ${name}: { polluted: 1 }, with: { path: x } }` }),
    ],
    ["an option", smallPipeline({ data: `{ uses: data/idx, with: { path: x, ${name}: 1 } }` })],
    [
      "an option within one",
      smallPipeline({ data: `{ uses: data/idx, with: { path: x, standardise: { ${name}: 1 } } }` }),
    ],
    ["what a stage uses", smallPipeline({ data: `{ uses: ${name}, with: { path: x } }` })],
    [
      "a stage read from",
      smallPipeline({ noise: `{ uses: labels/noise, from: ${name}, with: { fraction: 0 } }` }),
    ],
    ["a port", smallPipeline({ parquet: `{ uses: sink/parquet, from: train.${name} }` })],
    [
      "an input",
      smallPipeline({ noise: `{ uses: labels/noise, from: { ${name}: data }, with: { fraction: 0 } }` }),
    ],
    [
      "a policy",
      smallPipeline({ parquet: `{ uses: sink/parquet, from: [{ port: train.metrics, policy: ${name} }] }` }),
    ],
    [
      "an architecture",
      smallPipeline({ network: `{ uses: network/init, from: noise, with: { architecture: ${name} } }` }),
    ],
    [
      "a noise",
      smallPipeline({ noise: `{ uses: labels/noise, from: data, with: { fraction: 0, kind: ${name} } }` }),
    ],
    ["an engine", `engine: ${name}\n${small}`],
    [
      "a variable that nobody declared",
      smallPipeline({ data: `{ uses: data/idx, with: { path: "\${${name}}" } }` }),
    ],
    ["a path of a matrix", `${small}matrix: { ${name}.polluted: [1] }\n`],
    ["a path of a matrix, deep", `${small}matrix: { "stages.data.${name}.polluted": [1] }\n`],
    ["a path of an entry", `${small}matrix: { include: [{ "${name}": 1 }] }\n`],
    ["--set", small, [`${name}.polluted=1`]],
    ["--set of a stage", small, [`stages.${name}.polluted=1`]],
    ["--set of an option", small, [`stages.data.with.${name}=1`]],
    ["--set below an option", small, [`stages.data.with.${name}.polluted=1`]],
    ["--set of a variable", small, [`variables.${name}=1`]],
    ["--set in a value", small, [`stages.data.with={ path: x, ${name}: { polluted: 1 } }`]],
    ["--set of a matrix", small, [`matrix.${name}=[1]`]],
  ] as const) {
    law(`${name} as ${where} is a mistake and changes nothing`, async () => {
      const codes = await codesOf(text, sets ?? []);
      assert.ok(codes.length > 0);
      for (const code of codes) assert.match(code, /^[A-Z_]+$/);
    });
  }
}

law("as the name of a stage or of a variable, those that may be one are just that", async () => {
  for (const name of ["valueof", "tostring"]) {
    const text = small.replaceAll(/\bdata\b(?!\/)/g, name);
    assert.equal(await codesOf(text), []);
  }
  const variables = "variables: { toString: stripes, valueOf: 6 }\n";
  const data = '{ uses: data/idx, with: { path: "${toString}", train: "${valueOf}" } }';
  assert.equal(await codesOf(`${variables}${smallPipeline({ data })}`), []);
  assert.ok((await codesOf(`variables: { constructor: 1 }\n${small}`)).length > 0);
});

law("maps and lists that turn into no text name no variant of a stage", async () => {
  for (const kind of ["{ toString: null }", "[[{ toString: null }]]"]) {
    const noise = `{ uses: labels/noise, from: data, with: { fraction: 0.5, kind: ${kind} } }`;
    assert.ok((await codesOf(smallPipeline({ noise }))).includes("INVALID_OPTION"), kind);
  }
});

law.run();
