import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../pipeline/cli/compose.js";
import { loadPipeline } from "../../pipeline/file/load.js";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { longPipeline } from "../support/longPipeline.js";
import { assertWithin } from "../support/slowness.js";

const law = suite("start");

law.before(build);

const { dependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Those of our dependencies that a command imports, by name. */
function importedBy(words: readonly string[]): Promise<readonly string[]> {
  return withFolder(async (folder) => {
    const list = join(folder, "modules");
    writeFileSync(list, "");
    const hook = pathToFileURL(join(repository, "test/support/modules/list.mjs")).href;
    const { code, stderr } = await jacoflow(words, {
      environment: { MODULE_LIST: list, NODE_OPTIONS: `--import ${hook}` },
    });
    assert.is(code, 0, stderr);
    const addresses = readFileSync(list, "utf8").split("\n");
    assert.ok(addresses.some((address) => address.endsWith("/dist/pipeline/cli/commandLine.js")));
    return Object.keys(dependencies).filter((name) =>
      addresses.some((address) => address.includes(`/node_modules/${name}/`)),
    );
  });
}

const say = (text: string) => process.stdout.write(`  ${text}\n`);

law("help loads the command line's own package and no other", async () => {
  for (const words of [["--help"], ["--version"], ["run", "--help"]]) {
    assert.equal(await importedBy(words), ["yargs"], words.join(" "));
  }
});

law("validate loads nothing that computes or draws", async () => {
  const heavy = [
    "@observablehq/plot",
    "linkedom",
    ...Object.keys(dependencies).filter((name) => name.startsWith("@tensorflow/")),
  ];
  const imported = await importedBy(["validate", "examples/quickstart.yaml"]);
  assert.equal(
    imported.filter((name) => heavy.includes(name)),
    [],
  );
  assert.ok(imported.includes("yaml"), "the list is of what is really imported");
});

law("a file of 200 stages is validated within 300 ms after the start", async () => {
  const { stages, engines } = composition();
  const times: number[] = [];
  await assertWithin(300, async () => {
    const start = performance.now();
    const pipeline = await loadPipeline({
      text: longPipeline(200),
      file: join(repository, "long.yaml"),
      stages,
      engines,
      environment: {},
      requireSink: true,
    });
    times.push(performance.now() - start);
    assert.is(pipeline.stages.length, 200);
    return times.at(-1)!;
  });
  say(`200 stages: ${times.map((time) => time.toFixed(0)).join(", ")} ms`);
});

law.run();
