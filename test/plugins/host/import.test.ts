import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadPlugin } from "../../../plugins/host/load.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { withFolder } from "../../support/folder.js";

const law = suite("what a plugin does while it is loaded");

const plain = 'export default { name: "a", api: 1, stages: [] };';

/** What a plugin of this source is refused with; undefined when it is not. */
const refusal = (source: string, seconds?: number) =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "a.mjs"), source);
    return loadPlugin("./a.mjs", [folder], seconds).then(
      () => undefined,
      (error: JacoflowError) => error,
    );
  });

law("it is given up after the time allowed when it awaits for ever", async () => {
  const error = await refusal(`${plain}\nawait new Promise(() => {});`, 0.05);
  assert.is(error?.code, "PLUGIN_TOO_SLOW");
  assert.match(error?.message ?? "", /a\.mjs.*0\.05 s/);
});

// In a process of its own: one whose thread was taken from a loop is good for no more than saying so.
law("it is given up after the time allowed when it holds the thread for ever", () =>
  withFolder(async (folder) => {
    const file = join(folder, "a.mjs");
    writeFileSync(file, `${plain}\nfor (;;) {}`);
    const load = new URL("../../../plugins/host/load.ts", import.meta.url).href;
    const source = `import(${JSON.stringify(load)}).then(({ loadPlugin }) => loadPlugin(${JSON.stringify(file)}, ["/"], 0.05)).catch(({ code }) => { console.log(code); process.exit(); })`;
    const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--eval", source], {
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.is(stdout, "PLUGIN_TOO_SLOW\n");
  }),
);

law(
  "what its timers and promises throw meanwhile is its failure, and so is the end of the process",
  async () => {
    const pause = "await new Promise((resolve) => setTimeout(resolve, 5000));";
    for (const [source, said] of [
      [`setTimeout(() => { throw new Error("later"); }, 1); ${pause}`, "later"],
      [`Promise.reject(new Error("nobody's"));`, "nobody's"],
      ["process.exit(3);", "process.exit(3)"],
      [`setTimeout(() => process.exit(), 1); ${pause}`, "process.exit()"],
      ['throw { code: "X" };', "{ code: 'X' }"],
      ["throw undefined;", "undefined"],
    ]) {
      const error = await refusal(`${plain}\n${source}`);
      assert.is(error?.code, "PLUGIN_NOT_LOADABLE", source);
      assert.ok(error?.message.includes("a.mjs") && error.message.includes(said), error?.message);
    }
    assert.is(process.listenerCount("uncaughtException"), 0);
    assert.is(process.listenerCount("unhandledRejection"), 0);
  },
);

law("what it throws when what it brings is read is its failure", async () => {
  for (const source of [
    'export default { name: "a", api: 1, get stages() { throw new Error("read"); } };',
    'export default new Proxy({}, { get() { throw new Error("read"); } });',
  ]) {
    const error = await refusal(source);
    assert.is(error?.code, "PLUGIN_NOT_LOADABLE", source);
    assert.match(error?.message ?? "", /a\.mjs.*read/);
  }
});

law.run();
