import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, program } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { leftovers, tableHashes } from "../support/tables.js";

const law = suite("a disk of little room");

law.before(build);

const kept = {
  lines: "{ uses: sink/ndjson, from: [train.metrics, svd.spectrum] }",
  parameters: "{ uses: sink/arrow, from: train.snapshots }",
} as const;

/** Runs a script with a disk in memory, `$disk`, that nobody else sees; undefined where the system does not let it. */
function withDisk(disk: string, script: string): ReturnType<typeof spawnSync> | undefined {
  const mount = 'mount -t tmpfs -o size=1m tmpfs "$disk"';
  const inside = (what: string) =>
    spawnSync("unshare", ["--map-root-user", "--mount", "sh", "-c", what], {
      encoding: "utf8",
      env: { ...process.env, FORCE_COLOR: undefined, disk, node: process.execPath, program },
    });
  return inside(mount).status === 0 ? inside(`${mount} && ${script}`) : undefined;
}

law("full: it says so and ends; with more room it is resumed to the same bytes", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, kept);
    const whole = join(folder, "whole");
    assert.is((await jacoflow(["run", file, "--out", whole, "-q"])).code, 0);
    const disk = join(folder, "disk");
    const after = join(folder, "after");
    mkdirSync(disk);
    const ran = withDisk(
      disk,
      `mount -o remount,size=40k "$disk"
      "$node" "$program" run '${file}' --out "$disk/run" -q; echo "code $?"
      cp -r "$disk/run" '${after}'
      mount -o remount,size=64m "$disk"
      "$node" "$program" run '${file}' --resume "$disk/run" -q; echo "code $?"
      cp -r "$disk/run" '${folder}/resumed'`,
    );
    if (ran === undefined) return void process.stdout.write("(no disk in memory can be mounted here) ");
    assert.is(ran.stdout, "code 1\ncode 0\n", String(ran.stderr));
    assert.match(String(ran.stderr), /error DISK_FULL .*disk\/run\/.*\n.*no room left/);
    assert.equal(leftovers(after), []);
    const resumed = join(folder, "resumed");
    assert.equal(tableHashes(resumed), tableHashes(whole));
    const lines = (run: string) => readFileSync(join(run, "rows.ndjson"), "utf8").split("\n").sort();
    assert.equal(lines(resumed), lines(whole));
    assert.equal(leftovers(resumed), []);
  }),
);

law("read-only: it says so before it computes", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const disk = join(folder, "disk");
    mkdirSync(disk);
    const ran = withDisk(
      disk,
      `mount -o remount,ro "$disk"
      "$node" "$program" run '${file}' --out "$disk/run"; echo "code $?"`,
    );
    if (ran === undefined) return void process.stdout.write("(no disk in memory can be mounted here) ");
    assert.is(ran.stdout, "code 78\n");
    assert.match(String(ran.stderr), /OUTPUT_FOLDER .*\n.*disk\/run/);
    assert.not.match(String(ran.stderr), "epoch");
  }),
);

law.run();
