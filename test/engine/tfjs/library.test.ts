import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine, explainEngineChoice, whyNotAvailable } from "../../../engine/engines.js";
import { findLibrary, loadLibrary, whyNoLibrary } from "../../../engine/tfjs/library.js";
import { rejection } from "../../support/engine.js";

const test = suite("libtensorflow's packages");
const root = mkdtempSync(join(tmpdir(), "jacoflow-test-"));
test.after(() => rmSync(root, { recursive: true, force: true }));
const temporaryFolder = () => mkdtempSync(join(root, "place-"));

/** A folder with a package of that name in it, which computes with tfjs-core of `core`, and a file that would import it. */
function placeWith(name: string, core: string | undefined, main: string): string {
  const folder = temporaryFolder();
  const modules = join(folder, "node_modules");
  const write = (path: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(join(modules, path), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(modules, path, file), text);
  };
  write(name, {
    "package.json": JSON.stringify({ name, version: "4.22.0", main: "main.js" }),
    "main.js": main,
  });
  if (core !== undefined)
    write("@tensorflow/tfjs-core", { "package.json": JSON.stringify({ version: core }) });
  return join(folder, "package.json");
}

const cpu = "@tensorflow/tfjs-node";
const gpu = "@tensorflow/tfjs-node-gpu";
const working = (usingGpu: boolean) =>
  `exports.version = {}; exports.setBackend = async () => true;
   exports.backend = () => ({ isUsingGPUDevice: ${usingGpu}, binding: { TF_Version: "2.9.1" } });`;

test("a package is found without running a line of it", () => {
  const place = placeWith(cpu, "4.22.0", "throw new Error('it was run')");
  assert.is(findLibrary("tensorflow", [place])?.version, "4.22.0");
  assert.is(whyNoLibrary("tensorflow", [place]), undefined);
});

test("the first place that has the package is taken, and a place without it is passed over", () => {
  const empty = join(temporaryFolder(), "package.json");
  const place = placeWith(gpu, "4.22.0", "");
  const found = findLibrary("tensorflow-gpu", [empty, place, placeWith(gpu, "4.22.0", "")]);
  assert.is(found?.folder, join(place, "../node_modules", gpu));
});

test("a missing package says which to install", async () => {
  const place = join(temporaryFolder(), "package.json");
  if (findLibrary("tensorflow-gpu", [place]) !== undefined) return;
  assert.match(
    whyNoLibrary("tensorflow-gpu", [place]) ?? "",
    /tfjs-node-gpu is not installed; install .*@4\.22\.0/,
  );
  const error = await rejection(loadLibrary("tensorflow-gpu", [place]));
  assert.is(error.code, "ENGINE_NOT_INSTALLED");
});

test("another version of tfjs-core is refused before anything is loaded", async () => {
  const place = placeWith(cpu, "4.10.0", "throw new Error('it was run')");
  const error = await rejection(loadLibrary("tensorflow", [place]));
  assert.is(error.code, "ENGINE_NOT_INSTALLED");
  assert.match(error.message, /computes with tfjs-core 4\.10\.0, and 4\.22\.0 is needed/);
});

test("a library that does not load says why", async () => {
  const place = placeWith(
    cpu,
    "4.22.0",
    "throw new Error('libtensorflow.so.2: cannot open shared object file')",
  );
  await rejection(loadLibrary("tensorflow", [place])).then((error) =>
    assert.match(error.message, /cannot open shared object file/),
  );
});

test("the package for a GPU does not compute on the processor in silence", async () => {
  const without = await rejection(loadLibrary("tensorflow-gpu", [placeWith(gpu, "4.22.0", working(false))]));
  assert.match(without.message, /found no GPU/);
  assert.equal(await loadLibrary("tensorflow-gpu", [placeWith(gpu, "4.22.0", working(true))]), {
    [gpu]: "4.22.0",
    libtensorflow: "2.9.1",
  });
});

for (const engine of ["tensorflow", "tensorflow-gpu"] as const) {
  const law = whyNotAvailable(engine) === undefined ? test.skip : test;
  law(
    `engine ${engine} asked for where it is not installed is one coded error, and auto never takes it`,
    async () => {
      const error = await rejection(createEngine(engine));
      assert.is(error.code, "ENGINE_NOT_INSTALLED");
      assert.match(error.message, new RegExp(`engine ${engine} is not here`));
      assert.is.not(explainEngineChoice().name, engine);
    },
  );
}

const reason = whyNotAvailable("tensorflow");
if (reason !== undefined) process.stdout.write(`skipped: a real libtensorflow (${reason})\n`);
const onLibrary = reason === undefined ? test : test.skip;
onLibrary("an engine on libtensorflow says its versions, its threads, and closes", async () => {
  const engine = await createEngine("tensorflow");
  assert.is(engine.name, "tensorflow");
  assert.ok(engine.threads >= 1);
  assert.match(engine.versions.libtensorflow, /^\d+\.\d+/);
  await engine.close();
});

test.run();
