import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { claimRuns } from "../../../../pipeline/cli/matrix/claim.js";
import { isAtWork, ownerIn, thisProcess } from "../../../../pipeline/run/owner.js";
import type { JacoflowError } from "../../../../schemas/errors/error.js";
import { withFolder } from "../../../support/folder.js";

const law = suite("a claim on runs of a matrix");

const startOf = (pid: number) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
};

/** A claim as another process would have left it. */
function writeClaim(
  folder: string,
  owner: Readonly<Record<string, unknown>>,
  runs: readonly string[],
): string {
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

const codeOf = (claim: Promise<unknown>) =>
  claim.then(
    () => "",
    (error: JacoflowError) => error.code,
  );

law("is refused while another process is at work on one of them, and leaves nothing", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, { pid, since: startOf(pid) }, ["a", "b"]);
      assert.is(await codeOf(claimRuns(folder, ["b", "c"])), "MATRIX_ACTIVE");
      assert.equal(readdirSync(folder), [".active-other.json"]);
    }),
  ),
);

law("of other runs is given, and released again", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, { pid, since: startOf(pid) }, ["a", "b"]);
      const { release } = await claimRuns(folder, ["c"]);
      assert.is(readdirSync(folder).length, 2);
      await release();
      assert.equal(readdirSync(folder), [".active-other.json"]);
    }),
  ),
);

law("that a killed process left counts no more and is removed", () =>
  withFolder((folder) =>
    withProcess(async (child) => {
      const path = writeClaim(folder, { pid: child.pid, since: startOf(child.pid) }, ["a"]);
      child.kill("SIGKILL");
      await once(child, "exit");
      await (await claimRuns(folder, ["a"])).release();
      assert.not(existsSync(path));
    }),
  ),
);

law("of a process whose number another one has now counts no more", () =>
  withFolder((folder) =>
    withProcess(async ({ pid }) => {
      writeClaim(folder, { pid, since: "1" }, ["a"]);
      await (await claimRuns(folder, ["a"])).release();
      assert.equal(readdirSync(folder), []);
    }),
  ),
);

law("of another machine stands until its file is removed; one that is no claim stands for nothing", () =>
  withFolder(async (folder) => {
    writeClaim(folder, { host: "elsewhere.example", pid: 1, since: "1" }, ["a"]);
    assert.is(await codeOf(claimRuns(folder, ["a"])), "MATRIX_ACTIVE");
    writeFileSync(join(folder, ".active-other.json"), "{");
    await (await claimRuns(folder, ["a"])).release();
  }),
);

law("knows this process by its start", () => {
  const own = thisProcess();
  assert.ok(isAtWork(own));
  assert.equal(ownerIn(JSON.parse(JSON.stringify(own))), own);
});

law.run();
