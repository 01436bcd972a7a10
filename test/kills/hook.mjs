// Loaded before the program: names what the process is about to do, writes the names to a file, and kills the process at
// the moment it is told. Of the main thread only. JACOFLOW_KILL: { trace, folder, phase?, occurrence }.
import fs from "node:fs";
import files from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { isMainThread } from "node:worker_threads";

const told = process.env.JACOFLOW_KILL;
const { trace, folder, phase: wanted, occurrence } = JSON.parse(told ?? "{}");
// A process that the program starts is not the one to be killed.
delete process.env.JACOFLOW_KILL;

/** By the number of the native call: calls in engine/native/binding.ts. */
const nativeCalls = new Map([
  [1, "evaluation"],
  [4, "sweep"],
  [5, "sweep"],
  [7, "training step"],
  [17, "sweep"],
  [18, "projection"],
  [19, "projection"],
]);

function placeOf(path) {
  const text = String(path);
  if (!text.startsWith(folder)) return text.includes("ubyte") ? "loading" : undefined;
  const inside = text.slice(folder.length + 1);
  if (inside.startsWith("checkpoints/")) return "checkpoint";
  if (inside.startsWith("compact")) return "compaction";
  if (inside.startsWith("tables")) return "table";
  if (inside.includes("rows.ndjson")) return "rows";
  if (inside.includes("report.html")) return "report";
  if (inside.includes("run.json")) return "record";
  return undefined;
}

const counts = new Map();
let all = 0;
const { writeSync, openSync } = fs;
const output = told !== undefined && isMainThread ? openSync(trace, "w") : undefined;

function reach(phase) {
  const count = (counts.get(phase) ?? 0) + 1;
  counts.set(phase, count);
  all += 1;
  writeSync(output, `${phase}\n`);
  if ((wanted === phase && count === occurrence) || (wanted === "any" && all === occurrence)) {
    process.kill(process.pid, "SIGKILL");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
}

function around(owner, name, before, after) {
  const original = owner[name];
  owner[name] = async function (...given) {
    before?.call(this, given);
    const result = await original.apply(this, given);
    after?.call(this, given, result);
    return result;
  };
}

if (output !== undefined) {
  const paths = new WeakMap();
  const say = (path, what) => {
    const place = placeOf(path);
    if (place !== undefined) reach(place === "loading" ? place : `${place} ${what}`);
  };
  const probe = await files.open(process.execPath, "r");
  const prototype = Object.getPrototypeOf(probe);
  await probe.close();
  around(files, "open", undefined, ([path], handle) => paths.set(handle, path));
  for (const [name, what] of [
    ["write", "write"],
    ["writeFile", "write"],
    ["appendFile", "write"],
    ["writev", "write"],
    ["read", "read"],
    ["truncate", "cut"],
    ["sync", "sync"],
    ["datasync", "sync"],
  ]) {
    around(prototype, name, function () {
      if (paths.has(this)) say(paths.get(this), what);
    });
  }
  around(files, "readFile", ([path]) => say(path, "read"));
  around(files, "rm", ([path]) => say(path, "remove"));
  around(files, "unlink", ([path]) => say(path, "remove"));
  around(
    files,
    "rename",
    ([from, to]) => say(from.includes("compact") ? from : to, "before rename"),
    ([from, to]) => say(from.includes("compact") ? from : to, "after rename"),
  );
  const { createReadStream } = fs;
  fs.createReadStream = (path, ...given) => {
    say(path, "read");
    return createReadStream(path, ...given);
  };
  syncBuiltinESMExports();

  const { dlopen } = process;
  process.dlopen = (module, ...given) => {
    dlopen(module, ...given);
    const { submit } = module.exports;
    if (submit === undefined) return;
    module.exports = Object.defineProperties({}, Object.getOwnPropertyDescriptors(module.exports));
    Object.defineProperty(module.exports, "submit", {
      value: (engine, call, ...rest) => {
        const job = submit(engine, call, ...rest);
        const phase = nativeCalls.get(call);
        // The native thread is at it.
        if (phase !== undefined) reach(phase);
        return job;
      },
    });
  };
}
