// Builds test/engine/native/core.cpp with the address and undefined-behaviour sanitizers (and once with the thread
// sanitizer) for each instruction set that this processor runs, and runs it; then the addon with the first two, to which
// test/engine/native/addonFuzz.mjs hands hostile arguments. `--best`: only the best set, no threads sanitizer; `--addon`:
// only the addon; `--seconds S` and `--seed N` of the latter. Exits 1 when anything is reported.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
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
const builds = process.argv.includes("--addon")
  ? []
  : process.argv.includes("--best")
    ? [{ variant: best, sanitizers: "address,undefined" }]
    : [
        ...runs.map((variant) => ({ variant, sanitizers: "address,undefined" })),
        { variant: best, sanitizers: "thread" },
      ];

const option = (name, otherwise) => {
  const at = process.argv.indexOf(name);
  return at === -1 ? otherwise : process.argv[at + 1];
};

/** Hostile calls of the addon's functions; whether nothing was reported. */
function addonHolds() {
  const library = join(folder, "addon.node");
  const include = createRequire(import.meta.url)("node-api-headers").include_dir;
  const flags = ["-std=c++20", "-O1", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", `-I${include}`];
  // A copy of no bytes from nowhere harms nobody.
  const strict = [
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-fno-sanitize=nonnull-attribute",
  ];
  const source = join(repository, "engine/native/addon.cpp");
  const built = spawnSync(compiler, [...flags, ...strict, ...variants[best], "-o", library, source], {
    stdio: "inherit",
  });
  if (built.status !== 0) return false;
  const plans = spawnSync(
    process.execPath,
    ["--import", "tsx", join(repository, "test/engine/native/plans.ts")],
    {
      cwd: repository,
      encoding: "utf8",
    },
  );
  const runtime = spawnSync(compiler, ["-print-file-name=libasan.so"], { encoding: "utf8" }).stdout.trim();
  const fuzz = join(repository, "test/engine/native/addonFuzz.mjs");
  const ran = spawnSync(
    process.execPath,
    ["--expose-gc", fuzz, library, option("--seed", "1"), option("--seconds", "15")],
    {
      stdio: "inherit",
      timeout: 600_000,
      env: {
        ...process.env,
        JACOFLOW_PLANS: plans.stdout,
        LD_PRELOAD: runtime,
        // What V8 keeps until the end is no leak of ours.
        ASAN_OPTIONS: "allocator_may_return_null=1:detect_leaks=0:handle_segv=2",
        UBSAN_OPTIONS: "print_stacktrace=1",
      },
    },
  );
  return ran.status === 0;
}

mkdirSync(folder, { recursive: true });
let failed = 0;
const addon = addonHolds();
process.stdout.write(`addon under hostile calls: ${addon ? "passed" : "FAILED"}\n`);
if (!addon) failed += 1;
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
