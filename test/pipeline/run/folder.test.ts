import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defaultRunFolder, prepareRunFolder, writeFileAtomic } from "../../../pipeline/run/folder.js";
import { withFolder } from "../../support/pipelines.js";

const test = suite("pipeline/run/folder");

test("a run folder is named by pipeline and time", () => {
  const time = new Date("2025-03-04T05:06:07.891Z");
  assert.is(defaultRunFolder("noisy-fashion", time), join("runs", "noisy-fashion-20250304-050607"));
});

test("a file appears whole, in one piece or in chunks, and replaces the old one", () =>
  withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "first");
    await writeFileAtomic(path, [Uint8Array.from([104, 105]), Uint8Array.from([33])]);
    assert.is(await readFile(path, "utf8"), "hi!");
    assert.equal(await readdir(folder), ["file"]);
  }));

test("a file that cannot be written leaves nothing and says where", () =>
  withFolder(async (folder) => {
    // A folder in the place of the file: the last step fails, after all bytes are written.
    const path = join(folder, "taken");
    await mkdir(path);
    await writeFile(join(path, "inside"), "x");
    const error = await writeFileAtomic(path, "data").catch((reason) => reason);
    assert.is(error.code, "WRITE_FAILED");
    assert.match(error.message, "taken");
    assert.equal(await readdir(folder), ["taken"]);
  }));

test("a run folder is made with its parents, and refused when it holds something", () =>
  withFolder(async (folder) => {
    await prepareRunFolder(join(folder, "a", "b"));
    await prepareRunFolder(join(folder, "a", "b"));
    const error = await prepareRunFolder(join(folder, "a")).catch((reason) => reason);
    assert.is(error.code, "RUN_FOLDER_NOT_EMPTY");
    assert.is(error.place, "--out");
  }));

test.run();
