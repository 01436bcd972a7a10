import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { RunLog } from "../../../pipeline/run/log.js";
import { withFolder } from "../../support/pipelines.js";

const test = suite("pipeline/run/log");

test("every entry is a line of JSON, in order, whatever its facts are", () =>
  withFolder(async (folder) => {
    const path = join(folder, "log.ndjson");
    const log = await RunLog.open(path, assert.unreachable);
    const circle: Record<string, unknown> = {};
    circle.circle = circle;
    for (let number = 0; number < 500; number += 1) {
      log.add({ time: "t", level: "info", message: `${number}`, facts: { nan: Number.NaN, big: 3n } });
    }
    log.add({ time: "t", level: "info", message: "circle", facts: circle });
    await log.close();
    const entries = (await readFile(path, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.is(entries.length, 501);
    assert.ok(entries.slice(0, 500).every((entry, index) => entry.message === String(index)));
    assert.equal(entries[0].facts, { nan: "NaN", big: "3" });
    assert.is(entries[500].message, "circle");
  }));

test("a log goes on after what is there, without the half line of a process that was killed", () =>
  withFolder(async (folder) => {
    const path = join(folder, "log.ndjson");
    for (const left of ["", '{"message":"before"}\n', '{"message":"before"}\n{"mess', "{"]) {
      await writeFile(path, left);
      const log = await RunLog.open(path, assert.unreachable);
      log.add({ time: "t", level: "info", message: "after" });
      await log.close();
      const lines = (await readFile(path, "utf8")).trim().split("\n");
      const messages = lines.map((line) => JSON.parse(line).message);
      assert.equal(messages, left.includes("before") ? ["before", "after"] : ["after"]);
    }
  }));

test("a full disk is told once, as DISK_FULL", async () => {
  const failures: unknown[] = [];
  const log = await RunLog.open("/dev/full", (error) => failures.push(error));
  for (let number = 0; number < 5; number += 1) {
    log.add({ time: "t", level: "info", message: "no room" });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await log.close();
  assert.equal(
    failures.map((failure) => (failure as { code: string }).code),
    ["DISK_FULL"],
  );
});

test.run();
