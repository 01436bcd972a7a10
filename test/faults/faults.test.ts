import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimRuns } from "../../pipeline/run/claim.js";
import { StageJournal } from "../../pipeline/run/journal.js";
import { withFolder } from "../support/folder.js";
import { type Fault, faults, onBrokenDisk } from "./brokenDisk.js";
import { DurableFolder, losses, powerCut } from "./powerCut.js";
import { brokenPromises, wholeRun } from "./run.js";

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
        const { pipeline, calls, wanted } = await wholeRun(folder);
        assert.ok(calls.length > 200, `${calls.length} calls`);
        const disk = join(folder, "disk");
        let broken = 0;
        for (const at of triedOf(calls, fault, 3 + 4 * index)) {
          await mkdir(disk);
          const { wrong, failed, ended } = await brokenPromises(pipeline, disk, fault, at, wanted);
          // How many calls there are depends on what is gathered: the last ones may not come.
          broken += failed.length > 0 ? 1 : 0;
          assert.equal(wrong, [], `${ended} after ${failed[0]}`);
          await rm(disk, { recursive: true });
        }
        assert.ok(broken >= tries - 1, `${broken} runs met the fault`);
      }),
  );
}

for (const [index, loss] of losses.entries()) {
  law(
    `a power cut that takes the ${loss} nobody waited for: tables have whole parts, and resumed the same bytes`,
    () =>
      withFolder(async (folder) => {
        const { pipeline, calls, wanted } = await wholeRun(folder);
        const disk = join(folder, "disk");
        // The last calls are those that sinks and the run wait for.
        const last = [13, 9, 5, 1].map((before) => calls.length - before - index);
        for (const at of [...triedOf(calls, powerCut, 5 + 3 * index), ...last]) {
          await mkdir(disk);
          const { wrong, failed, ended } = await brokenPromises(pipeline, disk, powerCut, at, wanted, loss);
          assert.equal(wrong, [], `${ended} after ${failed[0]}`);
          await rm(disk, { recursive: true });
        }
      }),
  );
}

law("a power cut is seen: bytes and names that nobody waited for are gone, the others are not", () =>
  withFolder(async (folder) => {
    const durable = new DurableFolder(folder);
    const write = async (name: string, synchronised: boolean) => {
      const file = await open(join(folder, name), "w");
      await file.write(name);
      if (synchronised) await file.sync();
      await file.close();
    };
    const never: Fault = { ...powerCut, hits: () => false };
    await onBrokenDisk(
      folder,
      never,
      1,
      async () => {
        await write("waited", true);
        await write("hurried", false);
        const here = await open(folder, "r");
        await here.sync();
        await here.close();
        await write("nameless", true);
        await rename(join(folder, "waited"), join(folder, "renamed"));
        await mkdir(join(folder, "made", "within"), { recursive: true });
      },
      durable,
    );
    durable.cut("bytes");
    const left = async () =>
      Object.fromEntries(
        await Promise.all(
          (await readdir(folder))
            .sort()
            .map(async (name) => [
              name,
              name === "made"
                ? await readdir(join(folder, name))
                : await readFile(join(folder, name), "utf8"),
            ]),
        ),
      );
    assert.equal(await left(), { hurried: "", made: ["within"], nameless: "nameless", renamed: "waited" });
    durable.cut("bytes and names");
    assert.equal(await left(), { hurried: "", waited: "waited" });
  }),
);

law("a power cut leaves the folder of a claim, and what a journal kept, with the folders they are in", () =>
  withFolder(async (folder) => {
    const durable = new DurableFolder(folder);
    const claimed = join(folder, "runs", "matrix");
    const kept = join(folder, "run", "checkpoints", "train");
    const never: Fault = { ...powerCut, hits: () => false };
    const work = async () => {
      const claim = await claimRuns(claimed, ["."], () => new Error("nobody else is here"));
      await claim.release();
      const { signal } = new AbortController();
      const journal = await StageJournal.open({
        ...{ folder: kept, ports: [], seconds: 0, signal, identity: () => ({ of: "numbers" }) },
        ...{ send: () => Promise.resolve(), log: () => undefined },
      });
      await journal.keep(() => ({ facts: { next: 1 }, arrays: {} }));
    };
    await onBrokenDisk(folder, never, 1, work, durable);
    const before = (await readdir(kept)).sort();
    durable.cut("bytes and names");
    assert.ok(existsSync(claimed));
    assert.ok(before.length > 0);
    assert.equal((await readdir(kept)).sort(), before);
  }),
);

law.run();
