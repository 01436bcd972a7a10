import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { columnsOf, openParquet, readColumn } from "../../stages/parquet/file.js";
import { repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";

const law = suite("foreign Parquet");

const python = join(repository, "test/interop/environment/bin/python");
const name = "every form that pyarrow and polars write is taken as whole, and read as they read it";

/** As JSON has it: numbers of 64 bits as numbers, nothing as null. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  return value ?? null;
}

(existsSync(python) ? law : law.skip)(name, () =>
  withFolder(async (folder) => {
    const made = spawnSync(python, [join(repository, "test/interop/foreign.py"), folder], {
      encoding: "utf8",
    });
    assert.is(made.status, 0, made.stderr);
    const wanted = JSON.parse(readFileSync(join(folder, "rows.json"), "utf8")) as Record<string, unknown[]>;
    const files = readdirSync(folder).filter((file) => file.endsWith(".parquet"));
    assert.ok(files.length >= 48);
    for (const path of files) {
      const file = await openParquet(join(folder, path));
      assert.equal(columnsOf(file), Object.keys(wanted));
      for (const column of columnsOf(file)) {
        const values: unknown[] = [];
        for (let group = 0; group < file.footer.row_groups.length; group += 1) {
          for (const piece of await readColumn(file, column, group)) values.push(...piece);
        }
        assert.equal(plain(values), wanted[column], `${path}: ${column}`);
      }
    }
  }),
);

law.run();
