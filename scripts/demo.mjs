// Runs examples/quickstart.yaml through the built command line into a fresh run folder.
import { spawn } from "node:child_process";
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

/** Runs `jacoflow` with our terminal, hands signals on to it, and ends with its exit code if that is not 0. */
function jacoflow(...args) {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: repository,
    stdio: ["ignore", "inherit", "inherit"],
  });
  // A terminal sends Ctrl-C to both of us; the run ends by itself and we wait for it.
  const wait = () => {};
  const handOn = () => child.kill("SIGTERM");
  process.on("SIGINT", wait);
  process.on("SIGTERM", handOn);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      process.off("SIGINT", wait);
      process.off("SIGTERM", handOn);
      if (status === 0) resolve();
      else process.exit(status ?? 1);
    });
  });
}

const start = performance.now();
await jacoflow("run", "examples/quickstart.yaml", "--out", folder, ...process.argv.slice(2));
const seconds = (performance.now() - start) / 1000;
await jacoflow("inspect", folder);
const report = join(folder, "report.html");
if (!existsSync(report)) {
  process.stderr.write(`the run left no report at ${report}\n`);
  process.exit(1);
}
process.stdout.write(`\nreport: ${relative(process.cwd(), report)}\nthe run took ${seconds.toFixed(1)} s\n`);
