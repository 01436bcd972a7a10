import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimRuns, type OtherClaim } from "../../../pipeline/run/claim.js";
import { isAtWork, ownerIn, ownerOf, thisProcess } from "../../../pipeline/run/owner.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { matrixErrors } from "../../../schemas/errors/matrix.js";
import { withFolder } from "../../support/folder.js";

const law = suite("a claim on runs of a matrix");

/** A claim as another process would have left it. */
function writeClaim(folder: string, owner: object, runs: readonly string[]): string {
  const path = join(folder, ".active-other.json");
  writeFileSync(path, JSON.stringify({ host: hostname(), ...owner, runs }));
  return path;
}

async function withProcess(work: (child: ChildProcess & { readonly pid: number }) => Promise<void>) {
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  try {
    await work(child as ChildProcess & { readonly pid: number });
  } finally {
    child.kill("SIGKILL");
  }
}

const active = ({ id, pid, file }: OtherClaim) => matrixErrors.active("folder", id, pid, file);

const codeOf = (claim: Promise<unknown>) =>
  claim.then(
    () => "",
    (error: JacoflowError) => error.code,
  );

law("is refused while another process is at work on one of them, and leaves nothing", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, ownerOf(pid), ["a", "b"]);
      assert.is(await codeOf(claimRuns(folder, ["b", "c"], active)), "MATRIX_ACTIVE");
      assert.equal(readdirSync(folder), [".active-other.json"]);
    }),
  ),
);

law("of other runs is given, and released again", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, ownerOf(pid), ["a", "b"]);
      const { release } = await claimRuns(folder, ["c"], active);
      assert.is(readdirSync(folder).length, 2);
      await release();
      assert.equal(readdirSync(folder), [".active-other.json"]);
    }),
  ),
);

law("of several that begin at once is given to one", () =>
  withFolder(async (folder) => {
    for (const count of [2, 2, 2, 2, 3, 5]) {
      const begun = Array.from({ length: count }, () => claimRuns(folder, ["a"], active));
      const ended = await Promise.allSettled(begun);
      const given = ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
      assert.is(given.length, 1, `of ${count}`);
      await given[0].release();
      assert.equal(readdirSync(folder), []);
    }
  }),
);

law("that a killed process left counts no more and is removed", () =>
  withFolder((folder) =>
    withProcess(async (child) => {
      const path = writeClaim(folder, ownerOf(child.pid), ["a"]);
      child.kill("SIGKILL");
      await once(child, "exit");
      await (await claimRuns(folder, ["a"], active)).release();
      assert.not(existsSync(path));
    }),
  ),
);

law("of a process whose number another one has now counts no more", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, { ...ownerOf(pid), since: "1" }, ["a"]);
      await (await claimRuns(folder, ["a"], active)).release();
      assert.equal(readdirSync(folder), []);
    }),
  ),
);

law("of another machine stands until its file is removed; one that is no claim stands for nothing", () =>
  withFolder(async (folder) => {
    writeClaim(folder, { host: "elsewhere.example", pid: 1, since: "1" }, ["a"]);
    assert.is(await codeOf(claimRuns(folder, ["a"], active)), "MATRIX_ACTIVE");
    writeFileSync(join(folder, ".active-other.json"), "{");
    await (await claimRuns(folder, ["a"], active)).release();
  }),
);

law("knows this process by its start", () => {
  const own = thisProcess();
  assert.ok(isAtWork(own));
  assert.equal(ownerIn(JSON.parse(JSON.stringify(own))), own);
});

law("that a process was killed in the middle of is taken out at once, that of one at work stays", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      const unfinished = (of: number) => `..active-${hostname()}-${of}-12345678.json.abcd1234.unfinished`;
      // Larger than any number of a process.
      writeFileSync(join(folder, unfinished(2 ** 30)), "{");
      writeFileSync(join(folder, unfinished(pid)), "{");
      const { release } = await claimRuns(folder, ["a"], active);
      await release();
      assert.equal(readdirSync(folder), [unfinished(pid)]);
    }),
  ),
);

law.run();
