import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compactCommand } from "../../../pipeline/cli/compactCommand.js";
import { inspectCommand } from "../../../pipeline/cli/inspectCommand.js";
import { queryCommand } from "../../../pipeline/cli/queryCommand.js";
import { reportCommand } from "../../../pipeline/cli/reportCommand.js";
import { FolderRun } from "../../../pipeline/serve/folderRun.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { readTableFile } from "../../../stages/data/tableFile.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { damages } from "../../support/damages.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";
import { writeRun } from "../../support/serving.js";
import { filesUnder, inFolder, inputOf, sinkContext } from "../../support/sinks.js";

const law = suite("commands that read a run with a damaged part");

const examples = examplesTable([2]);
const options = { rowsPerPart: 8, compression: "snappy", arrow: [], secondsPerPart: undefined };

/** A run folder with parts of two tables. */
async function writeTables(folder: string): Promise<void> {
  const measured = Array.from({ length: 12 }, (_, step) =>
    metrics.batch(
      { stage: "train", step, epoch: step, split: "test", name: "error", value: [1 / (1 + step), 2] },
      2,
    ),
  );
  const example = examples.batch(
    {
      id: Int32Array.from({ length: 30 }, (_, at) => at),
      split: "train",
      features: Float32Array.from({ length: 60 }, (_, at) => Math.sin(at)),
      label: Int32Array.from({ length: 30 }, (_, at) => at % 3),
      clean_label: Int32Array.from({ length: 30 }, (_, at) => at % 3),
    } as unknown as Parameters<typeof examples.batch>[0],
    30,
  );
  const tables = [inputOf("train", "metrics", measured), inputOf("data", "examples", [example])];
  await parquet.run({ tables }, {}, sinkContext(folder, options as never));
  writeRun(folder);
}

const failure = (work: Promise<unknown>): Promise<JacoflowError | undefined> =>
  work.then(
    () => undefined,
    (reason) => reason,
  );

const { terminal } = recordedTerminal();

const commands: Readonly<Record<string, (run: string) => Promise<number>>> = {
  inspect: (run) => inspectCommand({ run }, terminal),
  query: (run) => queryCommand({ run, sql: "select avg(value) from metrics", format: "ndjson" }, terminal),
  report: (run) => reportCommand({ run }, terminal),
  compact: (run) => compactCommand({ run }, terminal),
};

for (const [how, damage] of Object.entries(damages)) {
  law(`a part with ${how} is named by inspect, query, report, compact, serve and data/table`, () =>
    inFolder(async (folder) => {
      await writeTables(folder);
      const part = join(folder, "tables/metrics/train/part-00001.parquet");
      const whole = await readFile(part);
      await damage(part, whole.length);
      const before = await filesUnder(folder);
      for (const [name, command] of Object.entries(commands)) {
        const error = await failure(command(folder));
        assert.is(error?.code, "DAMAGED_PART", name);
        assert.match(error?.message ?? "", part);
      }
      assert.equal(await filesUnder(folder), before, "nobody changed anything");

      const shown = await FolderRun.open("run", folder);
      assert.is(shown.head.unreadable.length, 1);
      assert.match(shown.head.unreadable[0], part);

      // A table that nobody damaged can be asked about.
      await queryCommand({ run: folder, sql: "select count(*) from examples", format: "ndjson" }, terminal);

      const path = join(folder, "tables/examples/data/part-00000.parquet");
      const good = await readFile(path);
      await damage(path, good.length);
      const error = await failure(readTableFile(path));
      assert.is(error?.code, "DAMAGED_PART");
      assert.is(error?.place, path);
      await writeFile(path, good);
      assert.is((await readTableFile(path)).labels.length, 30);
    }),
  );
}

law("parts that a run replaces while they are read are never called damaged", () =>
  inFolder(async (folder) => {
    await writeTables(folder);
    const grown = async function* () {
      for (let step = 0; step < 60; step++) {
        yield metrics.batch(
          { stage: "grown", step, epoch: step, split: "test", name: "error", value: [1] },
          1,
        );
      }
    };
    const long = { ...options, rowsPerPart: 3 };
    let ended = false;
    let looks = 0;
    const watching = (async () => {
      for (; !ended; looks++) await inspectCommand({ run: folder }, terminal);
    })();
    const tables = [inputOf("grown", "metrics", grown())];
    await parquet.run({ tables }, {}, sinkContext(folder, long as never));
    ended = true;
    await watching;
    assert.ok(looks > 2);
  }),
);

law("a run without checksums, of an older version, is read as it is", () =>
  inFolder(async (folder) => {
    await writeTables(folder);
    const place = join(folder, "tables/metrics/train");
    await rename(join(place, "_checksums.json"), join(folder, "elsewhere"));
    for (const command of Object.values(commands)) await command(folder);
  }),
);

law.run();
