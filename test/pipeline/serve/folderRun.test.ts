import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { thisProcess } from "../../../pipeline/run/owner.js";
import { FolderRun } from "../../../pipeline/serve/folderRun.js";
import { changed, noData, type RunData } from "../../../pipeline/serve/page/runData.js";
import type { Place } from "../../../pipeline/serve/rows.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { AtomicFile, diskFiles } from "../../../stages/sinks/files.js";
import { compactTables } from "../../../stages/sinks/parquet/compact.js";
import { parquetForm } from "../../../stages/sinks/parquet/form.js";
import { loadRows } from "../../../stages/sinks/parquet/read.js";
import { Parts } from "../../../stages/sinks/parts.js";
import { withFolder } from "../../support/folder.js";
import { writeRun } from "../../support/serving.js";

const law = suite("a run read from its folder");

/** A batch with a row of each of these steps, each row another value. */
function batchOf(steps: readonly number[], first: number) {
  return metrics.batch(
    {
      stage: steps.map(() => "train"),
      step: BigInt64Array.from(steps, BigInt),
      epoch: steps,
      split: steps.map(() => "train" as const),
      name: steps.map(() => "loss"),
      value: steps.map((_, at) => first + at),
    },
    steps.length,
  );
}

const folderOf = (run: string) => join(run, "tables/metrics/train");

async function partsIn(run: string, rowsPerPart: number): Promise<Parts> {
  await mkdir(folderOf(run), { recursive: true });
  return new Parts({
    ...{ folder: folderOf(run), rowsPerPart, ending: "parquet" },
    writePart: async (path, schema, batches) => {
      const file = new AtomicFile(path, diskFiles);
      await parquetForm("snappy").write(file, { schema, batches, table: "metrics" });
      await file.complete();
    },
  });
}

/** A page that watches a run. */
class Watcher {
  readonly run: FolderRun;
  #data: RunData = noData;
  #place: Place | undefined;

  constructor(run: FolderRun) {
    this.run = run;
  }

  get said(): readonly string[] {
    return this.#data.log.map(({ message }) => message);
  }

  /** The values of the metrics the page has after another look, sorted: each row has its own. */
  async values(): Promise<readonly number[]> {
    await this.run.refresh();
    for (let more = true; more; ) {
      const told = this.run.rows.since(this.#place);
      this.#data = changed(this.#data, { ...told, head: this.run.head, stages: [], edges: [] });
      this.#place = told.place;
      more = told.more;
    }
    return this.#data.tables.metrics.map(({ value }) => value).sort((left, right) => left - right);
  }
}

async function keptValues(run: string, parts: number): Promise<readonly number[]> {
  const files = Array.from({ length: parts }, (_, at) =>
    join(folderOf(run), `part-${String(at).padStart(5, "0")}.parquet`),
  );
  const rows = await loadRows(metrics, { table: "metrics", stage: "train", format: "parquet", files });
  return rows.map(({ value }) => value).sort((left, right) => left - right);
}

const running = { outcome: "running", process: thisProcess() };

law("a page has every row once, in whatever order of steps the parts grow", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 }), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.integer({ min: 1, max: 15 }),
      (batches, rowsPerPart) =>
        withFolder(async (run) => {
          writeRun(run, running);
          const page = new Watcher(await FolderRun.open("run", run, 0));
          const parts = await partsIn(run, rowsPerPart);
          let rows = 0;
          for (const steps of batches) {
            await parts.append(batchOf(steps, rows));
            rows += steps.length;
            assert.equal(await page.values(), await keptValues(run, parts.length));
          }
          await parts.finish();
          assert.equal(
            await page.values(),
            Array.from({ length: rows }, (_, at) => at),
          );
          await compactTables(run);
          assert.equal(
            await page.values(),
            Array.from({ length: rows }, (_, at) => at),
          );
        }),
    ),
    { numRuns: 40 },
  ),
);

law("a part that holds other rows than before is another run's: the page begins anew", () =>
  withFolder(async (run) => {
    writeRun(run, running);
    writeFileSync(join(run, "log.ndjson"), '{"level":"info","message":"begun"}\n');
    const first = await partsIn(run, 100);
    await first.append(batchOf([0, 1, 2], 0));
    const page = new Watcher(await FolderRun.open("run", run, 0));
    assert.equal(await page.values(), [0, 1, 2]);
    rmSync(folderOf(run), { recursive: true });
    const second = await partsIn(run, 100);
    await second.append(batchOf([0, 1], 100));
    assert.equal(await page.values(), [100, 101]);
    assert.equal(page.said, ["begun"], "the log stays");
  }),
);

law("a damaged part is named, the others are shown, and it is read when it is whole again", () =>
  withFolder(async (run) => {
    writeRun(run, running);
    const parts = await partsIn(run, 2);
    for (const at of [0, 1, 2]) await parts.append(batchOf([at, at], 2 * at));
    const damaged = join(folderOf(run), "part-00001.parquet");
    const whole = readFileSync(damaged);
    truncateSync(damaged, whole.length - 20);
    const page = new Watcher(await FolderRun.open("run", run, 0));
    for (const look of ["first", "second"]) {
      assert.equal(await page.values(), [0, 1, 4, 5], look);
      assert.is(page.run.head.unreadable.length, 1);
      assert.match(page.run.head.unreadable[0], damaged);
    }
    writeFileSync(damaged, whole);
    assert.equal(await page.values(), [0, 1, 2, 3, 4, 5]);
    assert.equal(page.run.head.unreadable, []);
  }),
);

law("a folder that is taken away while it is watched is said to be gone, and what was read of it stays", () =>
  withFolder(async (folder) => {
    const [run, elsewhere] = [join(folder, "run"), join(folder, "elsewhere")];
    mkdirSync(run);
    writeRun(run, running);
    writeFileSync(join(run, "log.ndjson"), '{"level":"info","message":"begun"}\n');
    await (await partsIn(run, 100)).append(batchOf([0, 1, 2], 0));
    const page = new Watcher(await FolderRun.open("run", run, 0));
    assert.equal(await page.values(), [0, 1, 2]);
    renameSync(run, elsewhere);
    const error = await page.run.refresh().then(
      () => undefined,
      ({ code }: NodeJS.ErrnoException) => code,
    );
    assert.is(error, "ENOENT");
    assert.is(page.run.rows.count("metrics"), 3);
    assert.is(page.run.head.state, "running");
    renameSync(elsewhere, run);
    assert.equal(await page.values(), [0, 1, 2]);
  }),
);

law("a log that is taken away hides nothing else", () =>
  withFolder(async (run) => {
    writeRun(run, running);
    writeFileSync(join(run, "log.ndjson"), '{"level":"info","message":"begun"}\n');
    const page = new Watcher(await FolderRun.open("run", run, 0));
    rmSync(join(run, "log.ndjson"));
    await (await partsIn(run, 100)).append(batchOf([0, 1, 2], 0));
    assert.equal(await page.values(), [0, 1, 2]);
    assert.equal(page.said, ["begun"]);
  }),
);

law("a run whose process is gone is lost, and runs again when another one takes it up", () =>
  withFolder(async (folder) => {
    writeRun(folder, { outcome: "running", process: { ...thisProcess(), since: "another start" } });
    const run = await FolderRun.open("run", folder, 0);
    assert.is(run.head.state, "lost");
    writeRun(folder, { ...running, started: "2026-01-02T00:00:00.000Z" });
    await run.refresh();
    assert.is(run.head.state, "running");
  }),
);

law.run();
