import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { partsOf, query } from "../support/tables.js";

const law = suite("a new user");

/** Runs a command in a folder as a user would, with none of what npm tells the scripts of this repository. */
function call(folder: string, command: string, ...words: readonly string[]): string {
  const environment = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("npm_") && !name.startsWith("NODE_") && name !== "INIT_CWD",
  );
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: folder,
    encoding: "utf8",
    env: Object.fromEntries(environment),
  });
  const said = `${stdout}${stderr}`;
  assert.is(status, 0, `${command} ${words.join(" ")}: ${error?.message ?? ""}\n${said}`);
  return said;
}

const registry = spawnSync("npm", ["ping", "--fetch-retries=0", "--fetch-timeout=5000"]).status === 0;
const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];

if (registry) {
  law.before(build);

  law("goes from an empty folder to tables and a plugin of their own, with what is packed", () =>
    withFolder(async (folder) => {
      const archive = call(
        repository,
        "npm",
        "pack",
        "--ignore-scripts",
        "--silent",
        "--pack-destination",
        folder,
      );
      call(folder, "npm", "install", ...quiet, `./${archive.trim()}`);

      call(folder, "npx", "--no", "jacoflow", "new", "pipeline", "first");
      call(folder, "npx", "--no", "jacoflow", "validate", "first.yaml");
      call(folder, "npx", "--no", "jacoflow", "run", "first.yaml", "--out", "runs/first", "-q");
      const run = join(folder, "runs/first");
      assert.ok(existsSync(join(run, "report.html")));
      const [{ rows }] = await query(`select count(*) as rows from ${partsOf(run, "projection", "project")}`);
      assert.ok(Number(rows) > 0);

      call(folder, "npx", "--no", "jacoflow", "new", "plugin", "changes");
      const plugin = join(folder, "jacoflow-plugin-changes");
      call(plugin, "npm", "install", ...quiet);
      const tested = call(plugin, "npm", "test");
      assert.match(tested, /Passed:\s+[1-9]/);
      call(plugin, "npx", "--no", "jacoflow", "run", "changes.yaml", "--out", "run", "-q");
      const changes = partsOf(join(plugin, "run"), "metrics", "changes");
      const [{ lowest, highest }] = await query(
        `select min(value) as lowest, max(value) as highest from ${changes} where name = 'changed_predictions'`,
      );
      assert.ok(Number(lowest) >= 0 && Number(highest) <= 1 && Number(highest) > 0, `${lowest} … ${highest}`);
    }),
  );
} else {
  process.stdout.write("a new user: skipped, for the npm registry does not answer\n");
  law.skip(
    "goes from an empty folder to tables and a plugin of their own, with what is packed",
    () => undefined,
  );
}

law.run();
