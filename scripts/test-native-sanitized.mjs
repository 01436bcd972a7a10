// Builds test/engine/native/core.cpp with the address and undefined-behaviour sanitizers (and once with the thread
// sanitizer) for each instruction set that this processor runs, and runs it; `--best`: only the best set, no threads
// sanitizer. Exits 1 when anything is reported.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { variants } from "./build-native.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(repository, ".tmp/sanitized");
const compiler = process.env.CXX ?? "g++";

const features = () => {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
};
const runs = Object.keys(variants).filter((variant) => {
  const needed = {
    baseline: [],
    avx2: ["avx2", "fma"],
    avx512: ["avx512f", "avx512dq", "avx512vl", "avx512bw"],
  }[variant];
  const present = features();
  return needed.every((feature) => present.includes(` ${feature}`));
});
const best = runs.at(-1);
const builds = process.argv.includes("--best")
  ? [{ variant: best, sanitizers: "address,undefined" }]
  : [
      ...runs.map((variant) => ({ variant, sanitizers: "address,undefined" })),
      { variant: best, sanitizers: "thread" },
    ];

mkdirSync(folder, { recursive: true });
let failed = 0;
for (const { variant, sanitizers } of builds) {
  const name = `${variant}-${sanitizers.replace(",", "-")}`;
  const program = join(folder, name);
  const flags = ["-std=c++20", "-O2", "-g", "-pthread", "-Wall", "-Wextra", `-fsanitize=${sanitizers}`];
  const strict = sanitizers === "thread" ? [] : ["-fno-sanitize-recover=all"];
  const source = join(repository, "test/engine/native/core.cpp");
  const built = spawnSync(compiler, [...flags, ...strict, ...variants[variant], "-o", program, source], {
    stdio: "inherit",
  });
  const environment = {
    ...process.env,
    TSAN_OPTIONS: "halt_on_error=1",
    ASAN_OPTIONS: "allocator_may_return_null=1",
  };
  const ran = built.status === 0 ? spawnSync(program, [], { stdio: "inherit", env: environment }) : built;
  process.stdout.write(`${name}: ${ran.status === 0 ? "passed" : "FAILED"}\n`);
  if (ran.status !== 0) failed += 1;
}
process.exitCode = failed === 0 ? 0 : 1;
