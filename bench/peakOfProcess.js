import { readFileSync, writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

// Loaded before a program (`node --import`): writes in the end what Linux knows of the most it had in memory, in bytes.
if (isMainThread && process.env.PEAK_OF_PROCESS !== undefined) {
  process.on("exit", () => {
    const [, kibibytes] = /VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    writeFileSync(process.env.PEAK_OF_PROCESS, String(1024 * Number(kibibytes)));
  });
}
