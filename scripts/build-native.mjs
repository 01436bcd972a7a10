// Compiles the native engine straight with the C++ compiler: no node-gyp, nothing downloaded. Run at install, by
// `npm run prepared`, by `doctor --build` and by the engine itself when its sources are newer. An impossible build is
// told on stderr and written to engine/native/build/status.json; it never fails an install (`--strict` makes it exit 1).
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(repository, "engine/native");
const target = join(sources, "build");
const statusFile = join(target, "status.json");

const common = [
  "-std=c++20",
  "-O3",
  "-fPIC",
  "-shared",
  "-pthread",
  "-fvisibility=hidden",
  "-ffp-contract=fast",
  "-fno-math-errno",
  "-fno-trapping-math",
];

/** One library an instruction set; the engine loads the best that the processor runs. */
export const variants =
  process.arch === "x64"
    ? {
        baseline: [],
        avx2: ["-mavx2", "-mfma"],
        avx512: ["-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma", "-mprefer-vector-width=512"],
      }
    : { baseline: [] };

function sourceFiles() {
  const core = join(sources, "core");
  return [
    join(sources, "addon.cpp"),
    ...readdirSync(core)
      .sort()
      .filter((name) => name.endsWith(".hpp"))
      .map((name) => join(core, name)),
  ];
}

/** Changes with any source, with this file's flags, and with Node's architecture. */
export function sourceStamp() {
  const hash = createHash("sha256");
  for (const file of sourceFiles()) hash.update(readFileSync(file));
  hash.update(JSON.stringify([common, variants, process.platform, process.arch]));
  return hash.digest("hex");
}

function readStatus() {
  try {
    return JSON.parse(readFileSync(statusFile, "utf8"));
  } catch {
    return undefined;
  }
}

function isCurrent(status, stamp) {
  return (
    status?.stamp === stamp &&
    status.built.length > 0 &&
    status.built.every((variant) => existsSync(join(target, `jacoflow-${variant}.node`)))
  );
}

function findCompiler() {
  const named = process.env.CXX;
  for (const command of named === undefined ? ["g++", "clang++", "c++"] : [named]) {
    const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
    if (status === 0) return { command, version: stdout.split("\n")[0] };
  }
  return undefined;
}

function headers() {
  try {
    return createRequire(import.meta.url)("node-api-headers").include_dir;
  } catch {
    return undefined;
  }
}

function compile(compiler, include, variant) {
  const made = join(target, `jacoflow-${variant}.node`);
  const fresh = `${made}.${process.pid}`;
  const platform = process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : [];
  const args = [
    ...common,
    ...variants[variant],
    ...platform,
    `-I${include}`,
    "-o",
    fresh,
    join(sources, "addon.cpp"),
  ];
  return new Promise((resolve) => {
    const child = spawn(compiler, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (text) => {
      said += text;
    });
    child.on("error", (error) => resolve({ variant, reason: error.message }));
    child.on("close", (status) => {
      if (status === 0) {
        renameSync(fresh, made);
        resolve({ variant });
      } else {
        rmSync(fresh, { force: true });
        const line = said.split("\n").find((text) => text.includes("error")) ?? said.split("\n")[0];
        resolve({ variant, reason: line });
      }
    });
  });
}

async function compileAll(compiler, include) {
  const waiting = Object.keys(variants);
  const results = [];
  const worker = async () => {
    for (let variant = waiting.shift(); variant !== undefined; variant = waiting.shift()) {
      results.push(await compile(compiler, include, variant));
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), waiting.length) }, worker));
  return results;
}

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** Waits until this process alone may build; two at once would only do the work twice. */
async function takeLock() {
  mkdirSync(target, { recursive: true });
  const lock = join(target, "lock");
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      return () => rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const about = statSync(lock, { throwIfNoEntry: false });
    if (about !== undefined) {
      const owner = Number(readFileSync(lock, "utf8"));
      if (owner > 0 ? !isAlive(owner) : Date.now() - about.mtimeMs > 1000) rmSync(lock, { force: true });
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/**
 * Builds what is missing or out of date. Resolves to { stamp, built: variants, compiler, reason }: `built` is empty and
 * `reason` says why when nothing could be built.
 */
export async function buildNative({ force = false } = {}) {
  const stamp = sourceStamp();
  if (!force && isCurrent(readStatus(), stamp)) return readStatus();
  const unlock = await takeLock();
  try {
    const before = readStatus();
    if (!force && isCurrent(before, stamp)) return before;
    const compiler = findCompiler();
    const include = headers();
    let status;
    if (compiler === undefined) {
      status = { stamp, built: [], reason: "no C++ compiler was found (g++, clang++ or $CXX)" };
    } else if (include === undefined) {
      status = { stamp, built: [], reason: "the package node-api-headers is not installed" };
    } else {
      process.stderr.write(`building the native engine with ${compiler.version}\n`);
      const results = await compileAll(compiler.command, include);
      const built = Object.keys(variants).filter((v) => results.some((r) => r.variant === v && !r.reason));
      const failed = results.filter((result) => result.reason !== undefined);
      const reason = failed.map((result) => `${result.variant}: ${result.reason}`).join("; ");
      status = { stamp, built, compiler: compiler.version, ...(reason === "" ? {} : { reason }) };
    }
    writeFileSync(`${statusFile}.${process.pid}`, `${JSON.stringify(status, null, 2)}\n`);
    renameSync(`${statusFile}.${process.pid}`, statusFile);
    return status;
  } finally {
    unlock();
  }
}

/** Says on stderr what could not be built, and what it means. */
export function explain({ built, reason }) {
  if (reason !== undefined) process.stderr.write(`native engine: ${reason}\n`);
  if (built.length === 0) {
    process.stderr.write(
      "native engine: not built; the slower wasm engine is used (`jacoflow doctor --build` tries again)\n",
    );
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const strict = process.argv.includes("--strict");
  try {
    const status = await buildNative({ force: process.argv.includes("--force") });
    explain(status);
    if (strict && status.built.length === 0) process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`native engine: not built: ${error.message}\n`);
    if (strict) process.exitCode = 1;
  }
}
