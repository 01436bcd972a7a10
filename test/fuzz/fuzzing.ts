import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomSource } from "../../engine/random.js";
import { pick } from "./mutate.js";
import { type Reader, tryReading } from "./reader.js";
import { type Sample, SampleFolder } from "./sample.js";

/** Bytes a single try may take in array buffers: far more than any sample here holds. */
const memoryAllowed = 256 * 1024 * 1024;

/** A try that ended as none may. The seed, the reader and the number make it again. */
export interface Finding {
  readonly reader: string;
  readonly number: number;
  readonly finding: string;
}

export interface Tally {
  readonly reader: string;
  tries: number;
  accepted: number;
  /** Refusals by code. */
  readonly refused: Record<string, number>;
  findings: number;
  /** The first of each kind. */
  readonly kinds: Finding[];
  slowestMilliseconds: number;
}

export const newTally = (reader: string): Tally => ({
  reader,
  tries: 0,
  accepted: 0,
  refused: {},
  findings: 0,
  kinds: [],
  slowestMilliseconds: 0,
});

/** Refusals of one code with one fault are of one kind, and other findings whose texts differ in numbers and words only. */
const kindOf = (finding: string) =>
  /^(no|a|control) [^:]*: [A-Z0-9_]+/.exec(finding)?.[0] ??
  finding
    .replaceAll(/\S*\/\S+/g, "PATH")
    .replaceAll(/"[^"]*"|-?[\d.e+]+/g, "_")
    .slice(0, 160);

export function count(tally: Tally, found: Finding): void {
  tally.findings += 1;
  const kind = kindOf(found.finding);
  const known = tally.kinds.some(({ finding }) => kindOf(finding) === kind);
  if (!known && tally.kinds.length < 40) tally.kinds.push(found);
}

/** What try `number` of a reader reads. The same seed and number give the same sample. */
export function sampleOf(reader: Reader, corpus: readonly Sample[], seed: string, number: number): Sample {
  const random = randomSource(`${seed}/${reader.name}/${number}`);
  return reader.mutate(pick(random, corpus), random, corpus);
}

export interface Fuzzing {
  readonly reader: Reader;
  readonly seed: string;
  /** Tries `first` … `last` − 1. */
  readonly first: number;
  readonly last: number;
  /** Is told before each try, so that a watcher knows which one does not end; false ends the fuzzing. */
  readonly begin?: (number: number) => boolean;
  readonly tally: Tally;
}

/** Makes the corpus in a folder of its own, sees that each of it is accepted, and tries one mutation after the other. */
export async function fuzz({ reader, seed, first, last, begin, tally }: Fuzzing): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "jacoflow-fuzz-"));
  const laid = new SampleFolder(mkdtempSync(join(folder, "sample-")));
  try {
    const corpus = await reader.corpus(folder);
    for (const [index, sample] of corpus.entries()) {
      laid.lay(sample);
      const ending = await tryReading(reader, laid.path, sample);
      if (!("accepted" in ending))
        throw new Error(`${reader.name}: sample ${index} of the corpus: ${JSON.stringify(ending)}`);
    }
    for (let number = first; number < last; number += 1) {
      if (begin?.(number) === false) return;
      const sample = sampleOf(reader, corpus, seed, number);
      laid.lay(sample);
      const memory = process.memoryUsage().arrayBuffers;
      const start = performance.now();
      const ending = await tryReading(reader, laid.path, sample);
      tally.slowestMilliseconds = Math.max(tally.slowestMilliseconds, performance.now() - start);
      tally.tries += 1;
      const taken = process.memoryUsage().arrayBuffers - memory;
      if (taken > memoryAllowed) {
        count(tally, { reader: reader.name, number, finding: `took ${taken} bytes` });
      } else if ("finding" in ending) {
        count(tally, { reader: reader.name, number, finding: ending.finding });
      } else if ("code" in ending) {
        tally.refused[ending.code] = (tally.refused[ending.code] ?? 0) + 1;
      } else {
        tally.accepted += 1;
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
