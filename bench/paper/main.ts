// Runs the paper's experiments (examples/paper) through the built command line and makes docs/paper.md of what they leave.
// What an experiment left is kept in bench/results/paper, so that the page needs the runs of those alone that are new.
//   npm run paper -- [--size tiny|small|full] [--only NAME ...] [--out DIR] [--page FILE] [--no-run]
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { renderPage } from "./page.js";
import { picture } from "./picture.js";
import { pictureFile, readRecords, recordOf, sizes, writeRecord } from "./record.js";
import { readPaperRuns } from "./run.js";
import type { Section } from "./section.js";
import { sections } from "./sections.js";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const names = sections.map(({ name }) => name);
const given = await yargs(process.argv.slice(2))
  .scriptName("npm run paper --")
  .options({
    size: {
      choices: sizes,
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
const isTiny = given.size === "tiny";
const page = given.page ?? (isTiny ? join(folder, "paper.md") : join(repository, "docs/paper.md"));
const records = isTiny ? join(folder, "records") : join(repository, "bench/results/paper");
mkdirSync(folder, { recursive: true });
mkdirSync(join(dirname(page), "paper"), { recursive: true });
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`;

/** Whether every run of an experiment is done, after running those that are not. */
async function isRun({ name, single }: Section): Promise<boolean> {
  // Of a matrix the runs that are done are kept anyway; a single run that was cut off goes on.
  const out = single === true ? join(folder, name, "run") : join(folder, name);
  if (single === true && (await readPaperRuns(join(folder, name))).length > 0) return true;
  const file = join(repository, "examples/paper", `${name}.yaml`);
  process.stderr.write(`${name}\n`);
  const { status } = spawnSync(
    process.execPath,
    [
      join(repository, "dist/pipeline/cli/main.js"),
      "run",
      file,
      "--set",
      `size=${given.size}`,
      single === true ? "--resume" : "--out",
      out,
    ],
    { cwd: repository, stdio: ["ignore", "ignore", "inherit"] },
  );
  return status === 0;
}

for (const section of sections.filter(({ name }) => given.only.includes(name))) {
  // No record of half of an experiment.
  if (given.run && !(await isRun(section))) {
    process.exitCode = 1;
    continue;
  }
  const runs = await readPaperRuns(join(folder, section.name));
  if (runs.length === 0) continue;
  await writeRecord(records, recordOf(section, runs, { size: given.size, machine, version }));
  for (const chart of section.charts?.(runs) ?? []) {
    const drawn = picture(chart);
    if (drawn !== undefined) writeFileSync(join(dirname(page), pictureFile(chart, given.size)), drawn);
  }
}
writeFileSync(page, renderPage(sections, await readRecords(records, isTiny ? ["tiny"] : ["small", "full"])));
process.stderr.write(`written to ${page}\n`);
