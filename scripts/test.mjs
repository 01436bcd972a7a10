// Runs every test, a process a folder, quick folders first; goes on after failures and crashes.
// `node scripts/test.mjs engine` takes the folders whose path holds the word.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
/** From quick to slow; folders not listed come before the last. */
const order = ["test/schemas", "test/pipeline", "test/stages", "plugins", "test/engine", "test/whole"];
const minutesAllowed = 20;

/** Folders that hold test files of their own, relative to the repository: those below test/ and those of the plugins. */
function testFolders(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  const here = entries.some((entry) => entry.name.endsWith(".test.ts")) ? [relative(repository, folder)] : [];
  const below = entries
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [...here, ...below.flatMap((entry) => testFolders(join(folder, entry.name)))];
}

function place(folder) {
  const at = order.findIndex((start) => folder === start || folder.startsWith(`${start}/`));
  return at === -1 ? order.length - 1.5 : at;
}

/** Runs test files of one folder in one process and resolves to its output and how it ended. */
function runFiles(folder, pattern) {
  const colour = process.stdout.isTTY ? [] : ["--no-color"];
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "node_modules/uvu/bin.js", folder, pattern, ...colour],
    { cwd: repository, stdio: ["ignore", "pipe", "inherit"] },
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), minutesAllowed * 60_000);
  let text = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (part) => {
    text += part;
    process.stdout.write(part);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      resolve({ text: withoutColour(text), status, signal });
    });
  });
}

function withoutColour(text) {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g"), "");
}

const lastNumber = (text, label) => {
  const found = [...text.matchAll(new RegExp(`^ *${label}: +(\\d+)$`, "gm"))].at(-1);
  return found === undefined ? undefined : Number(found[1]);
};

/** Test files whose name was printed with no result after it: they registered nothing. */
function silentFiles(text) {
  const parts = text.split(/^(\S+\.test\.ts)$/m);
  const silent = [];
  for (let at = 1; at < parts.length; at += 2)
    if (!/\(\d+ \/ \d+\)/.test(parts[at + 1])) silent.push(parts[at]);
  return silent;
}

/** What went wrong with a folder besides failing tests; undefined when nothing did. */
function crash(result, total, failed) {
  if (result.signal !== null) return `ended by ${result.signal}`;
  if (total === undefined) return `ended with exit code ${result.status} before its tests did`;
  if (total === 0) return "no test ran";
  const silent = silentFiles(result.text);
  if (silent.length > 0) return `no test ran in ${silent.join(", ")}`;
  if (result.status !== 0 && failed === 0)
    return `ended with exit code ${result.status} after its tests passed`;
  return undefined;
}

/** Adds up what one process reported. */
function count(result, name) {
  const total = lastNumber(result.text, "Total");
  const passed = lastNumber(result.text, "Passed") ?? 0;
  const failed = (total ?? 0) - passed;
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += lastNumber(result.text, "Skipped") ?? 0;
  const reason = crash(result, total, failed);
  if (reason !== undefined) crashes.push(`${name}: ${reason}`);
}

/** A file that breaks its process takes the folder's others with it: then each gets a process of its own. */
async function runFolder(folder) {
  process.stdout.write(`\n── ${folder}\n`);
  const result = await runFiles(folder, "^[^/]+\\.test\\.ts$");
  const files = readdirSync(join(repository, folder)).filter((name) => name.endsWith(".test.ts"));
  if (lastNumber(result.text, "Total") !== undefined || files.length === 1) {
    count(result, folder);
    return;
  }
  for (const file of files) {
    process.stdout.write(`\n── ${folder}/${file} by itself\n`);
    count(await runFiles(folder, `^${file.replaceAll(".", "\\.")}$`), `${folder}/${file}`);
  }
}

const wanted = process.argv[2] ?? "";
const folders = ["test", "plugins"]
  .flatMap((folder) => testFolders(join(repository, folder)))
  .filter((folder) => folder.includes(wanted))
  .sort((left, right) => place(left) - place(right));
const sum = { passed: 0, failed: 0, skipped: 0 };
const crashes = [];
const start = performance.now();
for (const folder of folders) await runFolder(folder);
const seconds = ((performance.now() - start) / 1000).toFixed(0);
process.stdout.write(
  `\ntests: ${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped in ${folders.length} folders, ${seconds} s\n`,
);
for (const reason of crashes) process.stdout.write(`crashed: ${reason}\n`);
if (sum.passed === 0) process.stdout.write("crashed: no test ran\n");
process.exitCode = sum.failed > 0 || crashes.length > 0 || sum.passed === 0 ? 1 : 0;
