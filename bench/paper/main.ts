// Runs the paper's experiments (examples/paper) through the built command line and makes docs/paper.md of what they leave.
//   npm run paper -- [--size tiny|small|full] [--only NAME ...] [--out DIR] [--page FILE] [--no-run]
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { pictureFile, renderPage } from "./page.js";
import { picture } from "./picture.js";
import { type PaperRun, readPaperRuns } from "./run.js";
import { sections } from "./sections.js";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const names = sections.map(({ name }) => name);
const given = await yargs(process.argv.slice(2))
  .scriptName("npm run paper --")
  .options({
    size: {
      choices: ["tiny", "small", "full"] as const,
      default: "small" as const,
      describe: "Of every experiment",
    },
    only: { type: "array", string: true, choices: names, default: names, describe: "Experiments to run" },
    out: {
      type: "string",
      describe: "Folder of the runs; default runs/paper/SIZE. Runs that are done are kept",
    },
    page: {
      type: "string",
      describe: "The page; default docs/paper.md, at size tiny paper.md beside the runs",
    },
    run: { type: "boolean", default: true, describe: "--no-run: only make the page of the runs there are" },
  })
  .strict()
  .parseAsync();

const folder = given.out ?? join(repository, "runs", "paper", given.size);
const page =
  given.page ?? (given.size === "tiny" ? join(folder, "paper.md") : join(repository, "docs/paper.md"));
mkdirSync(folder, { recursive: true });

let failed = 0;
for (const { name, single } of given.run ? sections.filter((each) => given.only.includes(each.name)) : []) {
  const out = single === true ? join(folder, name, "run") : join(folder, name);
  if (single === true && (await readPaperRuns(join(folder, name))).length > 0) continue;
  const file = join(repository, "examples/paper", `${name}.yaml`);
  process.stderr.write(`${name}\n`);
  const { status } = spawnSync(
    process.execPath,
    [join(repository, "dist/pipeline/cli/main.js"), "run", file, "--set", `size=${given.size}`, "--out", out],
    { cwd: repository, stdio: ["ignore", "ignore", "inherit"] },
  );
  if (status !== 0) failed += 1;
}

const runs = new Map<string, readonly PaperRun[]>();
for (const name of names) runs.set(name, await readPaperRuns(join(folder, name)));
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
const text = renderPage(sections, runs, {
  size: given.size,
  date: new Date().toISOString().slice(0, 10),
  machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`,
  version,
});
mkdirSync(join(dirname(page), "paper"), { recursive: true });
for (const { name, charts } of sections) {
  const own = runs.get(name) ?? [];
  for (const chart of own.length === 0 ? [] : (charts?.(own) ?? [])) {
    writeFileSync(join(dirname(page), pictureFile(chart)), picture(chart) ?? "");
  }
}
writeFileSync(page, text);
process.stderr.write(`written to ${page}\n`);
process.exitCode = failed === 0 ? 0 : 1;
