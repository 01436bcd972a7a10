import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Chart } from "../../stages/sinks/report/chart.js";
import type { PaperRun } from "./run.js";
import type { Section } from "./section.js";

export const sizes = ["tiny", "small", "full"] as const;
export type Size = (typeof sizes)[number];

/** At what size and where runs were made. */
export interface Facts {
  readonly size: Size;
  readonly machine: string;
  readonly version: string;
}

/** What an experiment left at a size, kept so that the page can be made without the runs of the others. */
export interface PaperRecord extends Facts {
  readonly name: string;
  /** When its last run began: `2000-12-31`. */
  readonly date: string;
  readonly runs: number;
  readonly seeds: readonly number[];
  /** Of all runs together. */
  readonly seconds: number;
  /** Its part of the page, line by line. */
  readonly lines: readonly string[];
}

/** Where a chart's picture lies, from the page's folder. */
export const pictureFile = (chart: Chart, size: Size): string => `paper/${chart.key}-${size}.svg`;

/** The record of an experiment's runs, of which there is at least one. */
export function recordOf(section: Section, runs: readonly PaperRun[], facts: Facts): PaperRecord {
  const pictures = (section.charts?.(runs) ?? []).map(
    (chart) => `![${chart.title}](${pictureFile(chart, facts.size)})`,
  );
  const parts = [
    ...(facts.size === "small" && section.small !== undefined ? [section.small] : []),
    ...(pictures.length === 0 ? [] : [pictures.join("\n")]),
    section.write(runs),
  ];
  return {
    name: section.name,
    ...facts,
    date:
      runs
        .map(({ started }) => started.slice(0, 10))
        .sort()
        .at(-1) ?? "",
    runs: runs.length,
    seeds: [...new Set(runs.map(({ seed }) => seed))],
    seconds: runs.reduce((sum, run) => sum + run.seconds, 0),
    lines: parts.join("\n\n").split("\n"),
  };
}

const fileOf = (folder: string, { size, name }: Pick<PaperRecord, "size" | "name">) =>
  join(folder, size, `${name}.json`);

export async function writeRecord(folder: string, record: PaperRecord): Promise<void> {
  await mkdir(join(folder, record.size), { recursive: true });
  await writeFile(fileOf(folder, record), `${JSON.stringify(record, null, 2)}\n`);
}

/** The records there are of some sizes. */
export async function readRecords(folder: string, wanted: readonly Size[]): Promise<readonly PaperRecord[]> {
  const records: PaperRecord[] = [];
  for (const size of wanted) {
    const names = await readdir(join(folder, size)).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(".json")).sort()) {
      records.push(JSON.parse(await readFile(join(folder, size, name), "utf8")) as PaperRecord);
    }
  }
  return records;
}
