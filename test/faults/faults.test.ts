import { rm } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withFolder } from "../support/folder.js";
import { callsOf, type Fault, faults } from "./brokenDisk.js";
import { brokenPromises, faultyPipeline, leftBy, start } from "./run.js";

const law = suite("a disk that breaks");

/** `npm run test:faults` breaks it at every call. */
const tries = 7;

/** The calls that are tried: the first that a fault hits, and some that lie as far from each other. */
function triedOf(calls: readonly string[], { hits }: Fault, first: number): readonly number[] {
  const count = calls.filter((call) => hits(call.split(" ", 1)[0])).length;
  return [1, ...Array.from({ length: tries }, (_, index) => first + Math.floor((index * count) / tries))];
}

for (const [index, [name, fault]] of Object.entries(faults).entries()) {
  law(
    `${name}: a clear error or a run that goes on, nothing half-written, and resumed on a whole disk the same bytes`,
    () =>
      withFolder(async (folder) => {
        const pipeline = await faultyPipeline();
        const whole = join(folder, "whole");
        const calls = await callsOf(whole, () => start(pipeline, whole));
        assert.ok(calls.length > 200, `${calls.length} calls`);
        const wanted = await leftBy(whole);
        const run = join(folder, "run");
        let broken = 0;
        for (const at of triedOf(calls, fault, 3 + 4 * index)) {
          const { wrong, failed, ended } = await brokenPromises(pipeline, run, fault, at, wanted);
          // How many calls there are depends on what is gathered: the last ones may not come.
          broken += failed.length > 0 ? 1 : 0;
          assert.equal(wrong, [], `${ended} after ${failed[0]}`);
          await rm(run, { recursive: true, force: true });
        }
        assert.ok(broken >= tries - 1, `${broken} runs met the fault`);
      }),
  );
}

law.run();
