// Installs what the lock file says, builds dist/ and the native engine, each only when needed. Plain Node: it runs before
// anything is installed. Two at once are safe: the slower waits, looks again and finds the work done.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildNative, explain } from "./build-native.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
/** What tsconfig.build.json compiles, and the files that decide how. */
const sources = [
  "index.ts",
  "testing.ts",
  "schemas",
  "engine",
  "stages",
  "pipeline",
  "plugins/host",
  "plugins/kit",
];
const settings = ["package.json", "tsconfig.json", "tsconfig.build.json", "tsconfig.page.json"];
/** What a plugin's build reads, in its folder. */
const pluginSources = ["src", "package.json", "tsconfig.json"];

/** A mistake to print without a stack: what failed, and the exit code of what failed. */
class Failure extends Error {}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/**
 * Whether node_modules holds what the lock file asks for. npm keeps its own copy of the lock inside node_modules; the
 * contents are compared rather than times, so a fresh checkout of the same lock installs nothing.
 */
export function isInstalled(folder) {
  const copy = join(folder, "node_modules/.package-lock.json");
  if (!existsSync(copy)) return false;
  const wanted = readJson(join(folder, "package-lock.json")).packages;
  const present = readJson(copy).packages;
  // What is there besides is the user's: a tfjs-node put there by hand must survive.
  return Object.keys(wanted).every((path) => {
    if (path === "" || wanted[path].link) return true;
    const found = present[path];
    if (found === undefined) return wanted[path].optional === true || wanted[path].peer === true;
    return found.version === wanted[path].version && found.integrity === wanted[path].integrity;
  });
}

function* filesBelow(path) {
  const about = statSync(path, { throwIfNoEntry: false });
  if (about === undefined) return;
  if (!about.isDirectory()) {
    yield { path, about };
    return;
  }
  for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name));
}

/** Folders of the first-party plugins, npm workspaces that are compiled by themselves after the house. */
function pluginFolders(folder) {
  const { workspaces = [] } = readJson(join(folder, "package.json"));
  return workspaces.filter((path) => existsSync(join(folder, path, "tsconfig.json")));
}

/** Changes when a source is added, removed, or written: paths, sizes and times, not contents, to stay quick. */
function fingerprint(folder) {
  const hash = createHash("sha256");
  const plugins = pluginFolders(folder).flatMap((path) => pluginSources.map((entry) => join(path, entry)));
  for (const entry of [...sources, ...settings, ...plugins]) {
    for (const { path, about } of filesBelow(join(folder, entry))) {
      hash.update(`${relative(folder, path)} ${about.size} ${about.mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}

export function isBuilt(folder) {
  const stamp = join(folder, "dist/.built");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(folder);
}

function runOrFail(command, args, folder) {
  const { status, error } = spawnSync(command, args, {
    cwd: folder,
    stdio: ["ignore", 2, 2],
  });
  if (error !== undefined) throw new Failure(`${command} did not start: ${error.message}`);
  if (status !== 0) throw new Failure(`${[command, ...args].join(" ")} failed`);
}

function install(folder) {
  process.stderr.write("installing packages (npm ci)\n");
  // `--include=dev` because NODE_ENV=production would leave out the compiler.
  runOrFail("npm", ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"], folder);
}

/** Compiled files whose source is gone would stay importable: a test could pass on code that is not there. */
function removeOrphans(built, sourceFolder) {
  for (const { path } of [...filesBelow(built)]) {
    const source = join(sourceFolder, relative(built, path)).replace(/(\.d\.ts|\.js\.map|\.js)$/, ".ts");
    if (source.endsWith(".ts") && !existsSync(source)) rmSync(path);
  }
}

function compile(folder, configuration, built, sourceFolder) {
  removeOrphans(built, sourceFolder);
  // Without output the compiler's own record of what is up to date is wrong.
  if (!existsSync(join(built, "index.js"))) rmSync(join(built, ".tsbuildinfo"), { force: true });
  runOrFail(process.execPath, ["node_modules/typescript/bin/tsc", "-p", configuration], folder);
}

function build(folder) {
  process.stderr.write("building dist\n");
  const before = fingerprint(folder);
  rmSync(join(folder, "dist/.built"), { force: true });
  compile(folder, "tsconfig.build.json", join(folder, "dist"), folder);
  // The live page has a browser around it: it is compiled by itself, into the same folder.
  runOrFail(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.page.json"], folder);
  for (const path of pluginFolders(folder)) {
    const plugin = join(folder, path);
    compile(folder, join(path, "tsconfig.json"), join(plugin, "dist"), join(plugin, "src"));
  }
  chmodSync(join(folder, readJson(join(folder, "package.json")).bin.jacoflow), 0o755);
  const stamp = join(folder, "dist/.built");
  writeFileSync(`${stamp}.new`, before);
  renameSync(`${stamp}.new`, stamp);
}

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Holds .tmp/prepare.lock while `work` runs; takes over the lock of a process that is gone. */
function alone(folder, work) {
  const lock = join(folder, ".tmp/prepare.lock");
  mkdirSync(dirname(lock), { recursive: true });
  let said = false;
  for (;;) {
    try {
      const handle = openSync(lock, "wx");
      writeSync(handle, String(process.pid));
      closeSync(handle);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const about = statSync(lock, { throwIfNoEntry: false });
    if (about !== undefined) {
      const owner = Number(readOr(lock, "0"));
      // A lock that is empty for a second belongs to a process killed between making and writing it.
      const orphaned = owner > 0 ? !isAlive(owner) : Date.now() - about.mtimeMs > 1000;
      if (orphaned) takeAway(lock, owner);
      else if (!said) {
        process.stderr.write(`waiting for another preparation (process ${owner})\n`);
        said = true;
      }
    }
    pause(100);
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function readOr(file, otherwise) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/** Removes an orphaned lock; of two that see it, the later may have caught the earlier's new lock: that goes back. */
function takeAway(lock, owner) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (Number(readOr(aside, "0")) !== owner) linkSync(aside, lock);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

export function prepare(folder = repository) {
  if (isInstalled(folder) && isBuilt(folder)) return;
  alone(folder, () => {
    if (!isInstalled(folder)) install(folder);
    if (!isBuilt(folder)) build(folder);
  });
}

/** For checks that must run even when the build fails. */
function installOnly(folder = repository) {
  if (isInstalled(folder)) return;
  alone(folder, () => {
    if (!isInstalled(folder)) install(folder);
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    if (process.argv.includes("--install-only")) installOnly();
    else {
      prepare();
      // npm may have been told to run no install scripts; without a compiler the wasm engine serves.
      explain(await buildNative());
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
