import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";

const law = suite("jacoflow check-plugin");

law.before(build);

/** A plugin with a stage that sends metrics on, if its option `path` is what its trial says. */
const plugin = (run: string) => `
import { mapBatches, output, stream } from "${pathToFileURL(join(repository, "dist/index.js")).href}";
const path = { type: "string", description: "a path" };
export const trials = { "metrics/same": { options: { path: "here" } } };
export default { name: "same", api: 1, stages: [{
  name: "metrics/same",
  summary: "Sends metrics on.",
  options: { type: "object", properties: { path }, required: ["path"] },
  inputs: { metrics: stream("metrics", "read") },
  outputs: { metrics: output("metrics", "sent") },
  run: ${run},
}] };
`;

law("a plugin that keeps every law is told so, and exits with 0", () =>
  withFolder(async (folder) => {
    writeFileSync(
      join(folder, "same.mjs"),
      plugin("(i, o) => mapBatches(i.metrics, o.metrics, (batch) => batch)"),
    );
    const { code, stdout, stderr } = await jacoflow(["check-plugin", "./same.mjs"], { folder });
    assert.is(code, 0, stdout + stderr);
    assert.match(stdout, /^metrics\/same$/m);
    assert.match(stdout, "  ✔ bounded under a slow reader\n");
    assert.match(stdout, "same: every law is kept\n");
  }),
);

law("a broken law is named with what is wrong, and the exit code is 1", () =>
  withFolder(async (folder) => {
    writeFileSync(
      join(folder, "same.mjs"),
      plugin("(i, o) => mapBatches(i.metrics, o.metrics, (batch) => batch).catch(() => undefined)"),
    );
    const { code, stdout } = await jacoflow(["check-plugin", "./same.mjs"], { folder });
    assert.is(code, 1);
    assert.match(stdout, "  ✘ errors surface: it hid the failure of its input metrics\n");
    assert.match(stdout, "same: 1 of 10 laws are broken\n");
    const data = await jacoflow(["check-plugin", "./same.mjs", "--json"], { folder });
    assert.is(data.code, 1);
    const broken = (JSON.parse(data.stdout) as { law: string; passed: boolean }[]).filter(
      (one) => !one.passed,
    );
    assert.equal(
      broken.map((one) => one.law),
      ["errors surface"],
    );
  }),
);

law("the plugins of the examples keep every law", async () => {
  for (const name of ["exact-spectrum", "arrow-sink", "names"]) {
    const { code, stdout, stderr } = await jacoflow(["check-plugin", `./examples/plugins/${name}.js`]);
    assert.is(code, 0, stdout + stderr);
  }
});

law("a plugin may be the folder of its package, and one that brings nothing has not passed", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "package.json"), '{ "type": "module", "main": "main.js" }');
    writeFileSync(
      join(folder, "main.js"),
      plugin("(i, o) => mapBatches(i.metrics, o.metrics, (batch) => batch)"),
    );
    for (const name of [".", folder]) {
      const { code, stdout, stderr } = await jacoflow(["check-plugin", name], { folder });
      assert.is(code, 0, stdout + stderr);
    }
    writeFileSync(join(folder, "main.js"), 'export default { name: "nothing", api: 1 };');
    const { code, stderr } = await jacoflow(["check-plugin", "."], { folder });
    assert.is(code, 78);
    assert.match(stderr, "PLUGIN_EMPTY");
    assert.match(stderr, "brings no stages");
  }),
);

law("what is no plugin exits with 78", async () => {
  const { code, stderr } = await jacoflow(["check-plugin", "nowhere"]);
  assert.is(code, 78);
  assert.match(stderr, "PLUGIN_NOT_FOUND");
});

law.run();
