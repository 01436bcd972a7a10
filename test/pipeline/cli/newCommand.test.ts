import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../../pipeline/cli/compose.js";
import { newCommand } from "../../../pipeline/cli/newCommand.js";
import { pipelineOf } from "../../../pipeline/cli/pipelineFile.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { withFolder } from "../../support/folder.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";

const law = suite("new");

/** Calls `use` with an empty working folder. */
const inEmptyFolder = (use: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      await use(folder);
    } finally {
      process.chdir(before);
    }
  });

async function make(kind: string, name?: string) {
  const { terminal, written } = recordedTerminal();
  const refused = await newCommand({ kind, name }, terminal).then(
    () => undefined,
    (error: JacoflowError) => error,
  );
  return { ...written, refused };
}

law("a new pipeline is a file of that name that `validate` finds nothing wrong with", () =>
  inEmptyFolder(async (folder) => {
    const { out, talk } = await make("pipeline", "my-run");
    assert.is(out, "my-run.yaml\n");
    assert.match(talk, "jacoflow run my-run.yaml");
    assert.equal(readdirSync(folder), ["my-run.yaml"]);
    const pipeline = await pipelineOf({ file: "my-run.yaml" }, composition());
    assert.is(pipeline.name, "my-run");
    assert.is.not(pipeline.stages.length, 0);
  }),
);

law("the schema it names for editors is there, and no word of the template is left", () =>
  inEmptyFolder(async (folder) => {
    await make("pipeline");
    const text = readFileSync(join(folder, "pipeline.yaml"), "utf8");
    const schema = /\$schema=(\S+)/.exec(text)?.[1] ?? "";
    assert.ok(existsSync(join("/", schema)) || existsSync(join(folder, schema)), schema);
    assert.not.match(text, "template");
  }),
);

law("what is there stays as it is", () =>
  inEmptyFolder(async (folder) => {
    await make("pipeline", "a");
    const before = readFileSync(join(folder, "a.yaml"), "utf8");
    const { out, refused } = await make("pipeline", "a");
    assert.is(refused?.code, "ALREADY_THERE");
    assert.is(out, "");
    assert.is(readFileSync(join(folder, "a.yaml"), "utf8"), before);
  }),
);

law("a name that a stage, a file or a package cannot have is refused, and nothing is written", () =>
  inEmptyFolder(async (folder) => {
    for (const name of [
      "",
      "A",
      "a_b",
      "../a",
      "a/b",
      "-a",
      "a-",
      "a--b",
      "1a",
      "ä",
      "a.b",
      "a".repeat(65),
    ]) {
      const { refused } = await make("pipeline", name);
      assert.is(refused?.code, "BAD_NAME", name);
      assert.is(refused?.exitCode, 2);
    }
    assert.equal(readdirSync(folder), []);
  }),
);

law("a plugin may be asked for by the name of its package", () =>
  inEmptyFolder(async (folder) => {
    await make("plugin", "jacoflow-plugin-margin");
    assert.equal(readdirSync(folder), ["jacoflow-plugin-margin"]);
    const { name } = JSON.parse(readFileSync(join(folder, "jacoflow-plugin-margin/package.json"), "utf8"));
    assert.is(name, "jacoflow-plugin-margin");
  }),
);

law("what there is no template of is refused with the nearest one", async () => {
  const { refused } = await make("pipline", "a");
  assert.is(refused?.code, "UNKNOWN_TEMPLATE");
  assert.match(refused?.remedy ?? "", '"pipeline"');
});

law.run();
