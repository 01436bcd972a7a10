import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ResolvedPipeline } from "../../../pipeline/graph/resolved.js";
import { tidyRunFolder } from "../../../pipeline/run/folder.js";
import { thisProcess } from "../../../pipeline/run/owner.js";
import { reopenRunFolder } from "../../../pipeline/run/resume.js";
import { withFolder } from "../../support/pipelines.js";
import { filesBelow } from "../../support/tables.js";

const test = suite("pipeline/run/resume");

const pipeline = { seed: 3, document: { name: "p", stages: {} } } as unknown as ResolvedPipeline;

/** A process that was here before the machine's last start. */
const dead = { ...thisProcess(), since: "-1" };

async function leftFolder(folder: string, record: object): Promise<string> {
  const left = join(folder, "run");
  await mkdir(join(left, "checkpoints", "svd"), { recursive: true });
  await mkdir(join(left, "tables", "metrics"), { recursive: true });
  await writeFile(join(left, "log.ndjson"), "{}\n");
  await writeFile(
    join(left, "run.json"),
    JSON.stringify({
      ...{ outcome: "running", seed: 3, pipeline: pipeline.document, process: dead },
      ...record,
    }),
  );
  return left;
}

for (const outcome of ["running", "failed", "cancelled"]) {
  test(`of a run that is ${outcome} and at an end all stays but what was being written`, () =>
    withFolder(async (folder) => {
      const left = await leftFolder(folder, { outcome });
      const kept = [
        "metrics/train/_checksums.json",
        "metrics/train/part-00000.parquet",
        "metrics/_schema.json",
      ];
      const unfinished = ["metrics/train/part-00001.parquet.tmp", "metrics/other/part-00000.parquet"];
      for (const path of [...kept, ...unfinished]) {
        await mkdir(dirname(join(left, "tables", path)), { recursive: true });
        await writeFile(join(left, "tables", path), "");
      }
      await mkdir(join(left, "temporary"));
      await writeFile(join(left, ".run.json.1234abcd.unfinished"), "");
      assert.is(await reopenRunFolder(left, pipeline), "open");
      await tidyRunFolder(left);
      assert.equal(
        filesBelow(left),
        [...kept.map((path) => `tables/${path}`), "log.ndjson", "run.json"].sort(),
      );
      assert.equal((await readdir(left)).sort(), ["checkpoints", "log.ndjson", "run.json", "tables"]);
      assert.is(await reopenRunFolder(left, pipeline), "open", "killed again before its record was there");
    }));
}

test("a run that is done is left as it is, but for checkpoints that nobody needs", () =>
  withFolder(async (folder) => {
    const left = await leftFolder(folder, { outcome: "done" });
    await writeFile(join(left, ".active-killed.json"), JSON.stringify({ ...dead, runs: ["."] }));
    assert.is(await reopenRunFolder(left, pipeline), "done");
    assert.equal((await readdir(left)).sort(), ["log.ndjson", "run.json", "tables"]);
  }));

test("one that was killed while it wrote its first record is open, and what it had begun is gone", () =>
  withFolder(async (folder) => {
    const left = join(folder, "run");
    await mkdir(left);
    await writeFile(join(left, "log.ndjson"), "");
    await writeFile(join(left, ".run.json.1234abcd.unfinished"), "{");
    assert.is(await reopenRunFolder(left, pipeline), "open");
    await tidyRunFolder(left);
    assert.equal(await readdir(left), ["log.ndjson"]);
  }));

test("a folder that is not there is open", () =>
  withFolder(async (folder) => assert.is(await reopenRunFolder(join(folder, "none"), pipeline), "open")));

const refusals: Readonly<Record<string, readonly [object, string]>> = {
  "whose process is at work": [{ process: thisProcess() }, "RUN_ACTIVE"],
  "of another file": [{ pipeline: { name: "q", stages: {} } }, "OTHER_RUN_IN_FOLDER"],
  "of another seed": [{ seed: 4 }, "OTHER_RUN_IN_FOLDER"],
};

for (const [name, [record, code]] of Object.entries(refusals)) {
  test(`a run ${name} is refused and nothing of it touched`, () =>
    withFolder(async (folder) => {
      const left = await leftFolder(folder, record);
      const before = await readdir(left);
      const error = await reopenRunFolder(left, pipeline).catch((reason) => reason);
      assert.is(error.code, code);
      assert.equal(await readdir(left), before);
    }));
}

test("a folder with no run in it but something else is not emptied", () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, "thesis.tex"), "");
    const error = await reopenRunFolder(folder, pipeline).catch((reason) => reason);
    assert.is(error.code, "RUN_FOLDER_NOT_EMPTY");
    assert.equal(await readdir(folder), ["thesis.tex"]);
  }));

test.run();
