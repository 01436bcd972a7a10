// Runs examples/quickstart.yaml through the built command line into a fresh run folder.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(repository, "dist/pipeline/cli/main.js");
const time = new Date()
  .toISOString()
  .replace(/\.\d+Z$/, "")
  .replaceAll(":", "-");
const folder = join(repository, "runs", `demo-${time}-${process.pid}`);

/** Runs `jacoflow` with our terminal and ends this process with its exit code if it fails. */
function jacoflow(...args) {
  const { status, signal, error } = spawnSync(process.execPath, [program, ...args], {
    cwd: repository,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? (signal === "SIGINT" ? 130 : 143));
}

const start = performance.now();
jacoflow("run", "examples/quickstart.yaml", "--out", folder, ...process.argv.slice(2));
const seconds = (performance.now() - start) / 1000;
jacoflow("inspect", folder);
const report = join(folder, "report.html");
if (!existsSync(report)) {
  process.stderr.write(`the run left no report at ${report}\n`);
  process.exit(1);
}
process.stdout.write(`\nreport: ${relative(process.cwd(), report)}\nthe run took ${seconds.toFixed(1)} s\n`);
