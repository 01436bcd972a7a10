import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { LoadRequest } from "../../../pipeline/file/request.js";
import { withFolder } from "../../support/folder.js";

const test = suite("the layers of validation");
const { stages, engines } = composition();

const right = `name: layers
engine: wasm
stages:
  data: { uses: data/idx, with: { path: nowhere } }
  noise: { uses: labels/noise, from: data, with: { fraction: 0.5 } }
  keep: { uses: sink/parquet, from: noise }
`;

/** `CODE line:column` of every mistake, and of warnings in brackets. */
async function found(text: string, more: Partial<LoadRequest> = {}): Promise<readonly string[]> {
  const request = { text, file: "layers.yaml", stages, engines, environment: {}, requireSink: true, ...more };
  try {
    const { warnings } = await loadPipeline(request);
    return warnings.map(({ code }) => `[${code}]`);
  } catch (error) {
    assert.instance(error, PipelineFileErrors);
    const { errors, warnings } = error as PipelineFileErrors;
    return [
      ...errors.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`),
      ...warnings.map(({ code, location }) => `[${code} ${location?.line}:${location?.column}]`),
    ];
  }
}

test("mistakes of form, wiring and environment are told together", async () => {
  const text = right.replace("fraction: 0.5", "fraction: 2").replace("from: noise", "from: nois");
  assert.equal(await found(text, { whyNotAvailable: () => "it is not installed" }), [
    "ENGINE_UNAVAILABLE 2:9",
    "DATA_FOLDER_MISSING 4:41",
    "INVALID_OPTION 5:62",
    "UNKNOWN_STAGE 6:37",
  ]);
});

test("without its environment only what the file itself says is checked", async () => {
  const away = {
    checkEnvironment: false,
    whyNotAvailable: () => "it is not installed",
    runFolder: "/dev/null/x",
  };
  assert.equal(await found(right, away), []);
  const text = right.replace(
    "{ path: nowhere }",
    "{ path: nowhere, standardise: { mean: [1, 2], deviation: 1 } }",
  );
  assert.equal(await found(text, away), ["OPTION_VALUE 4:71"]);
});

test("an engine that is here, or auto, is no mistake", async () => {
  const request = {
    whyNotAvailable: (name: string) => (name === "wasm" ? undefined : "it is not installed"),
  };
  assert.equal(await found(right, request), ["DATA_FOLDER_MISSING 4:41"]);
  assert.equal(await found(right.replace("wasm", "auto"), { whyNotAvailable: () => "no" }), [
    "DATA_FOLDER_MISSING 4:41",
  ]);
});

test("a run folder has to be possible: below a folder that can be written, and never below a file", () =>
  withFolder(async (folder) => {
    const text = right.replace("data/idx, with: { path: nowhere }", "data/table, with: { path: x.arrow }");
    const at = async (runFolder: string) =>
      (await found(text, { runFolder })).filter((line) => line.startsWith("OUTPUT_FOLDER"));
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "there"));
    assert.equal(await at(join(folder, "there")), []);
    assert.equal(await at(join(folder, "not/yet/there")), []);
    assert.equal(await at(join(folder, "file")), ["OUTPUT_FOLDER undefined:undefined"]);
    assert.equal(await at(join(folder, "file/run")), ["OUTPUT_FOLDER undefined:undefined"]);
  }));

test("a pipeline needs a sink, and a stage that is not known may be one", async () => {
  const away = { checkEnvironment: false };
  const text = right.replace(/ {2}keep.*\n/, "");
  assert.equal(await found(text, away), ["NO_SINK 3:1", "[UNREAD_STAGE 5:3]"]);
  assert.equal(await found(right.replace("sink/parquet", "sink/paquet"), away), ["UNKNOWN_STAGE_TYPE 6:17"]);
  assert.equal(await found(text, { ...away, requireSink: false }), ["[UNREAD_STAGE]"]);
});

test("what nothing reads is a warning that mistakes of options do not hide", async () => {
  const text = `${right.replace("fraction: 0.5", "fraction: 2")}  more: { uses: labels/noise, from: data, with: { fraction: 1 } }\n`;
  assert.equal(await found(text, { checkEnvironment: false }), ["INVALID_OPTION 5:62", "[UNREAD_STAGE 7:3]"]);
});

test("a mistake says where it ends and what to write instead", async () => {
  const request = {
    text: right.replace("sink/parquet", "sink/paquet"),
    file: "x",
    stages,
    engines,
    environment: {},
  };
  try {
    await loadPipeline({ ...request, checkEnvironment: false });
    assert.unreachable();
  } catch (error) {
    const [mistake] = (error as PipelineFileErrors).errors;
    assert.equal(mistake.location, { file: "x", line: 6, column: 17, endLine: 6, endColumn: 28 });
    assert.is(mistake.suggestion, "sink/parquet");
  }
});

test("of very many mistakes the first are told, and how many there are", async () => {
  const keys = Array.from({ length: 900 }, (_, index) => `k${index}: 1\n`).join("");
  const told = await found(`${keys}${right}`, { checkEnvironment: false });
  assert.is(told.length, 201);
  assert.is(told[200], "TOO_MANY_MISTAKES 201:1");
});

test.run();
