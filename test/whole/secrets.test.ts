import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("secrets of the environment");

law.before(build);

const secret = 'sesame-"7c1d\\9e';
/** As a file has it. */
const variable = ["$", "{HUB_API_KEY}"].join("");
/** As it is, and as JSON and HTML have it. */
const forms = [secret, JSON.stringify(secret).slice(1, -1), secret.replace('"', "&quot;"), "7c1d"];

/** A plugin whose stage says the key it was given wherever it can, and then throws it where asked to. */
const plugin = `import { definePlugin, defineStage, many, stream } from "jacoflow";
import { Type } from "typebox";
const teller = defineStage({
  name: "sink/teller",
  summary: "Tells its key",
  options: Type.Object({ key: Type.String({ secret: true, description: "the key" }), fails: Type.Boolean({ default: false, description: "whether it throws" }) }, { additionalProperties: false }),
  inputs: { tables: many(stream("any", "what to tell")) },
  outputs: {},
  run: async ({ tables }, _outputs, context) => {
    const { key, fails } = context.options;
    if (!key.startsWith("Bearer sesame-") || key.length !== 22) throw new Error("the key did not arrive");
    context.log("info", "the key is " + key, { key, deep: [{ [key]: key }] });
    await Promise.all(tables.map((table) => table.forEach(() => undefined)));
    if (fails) throw new Error("this key is wrong: " + key);
  },
});
export default definePlugin({ name: "teller", api: 1, stages: [teller] });
`;

/** Words of a command line that bring the teller. */
const using = (folder: string) => ["--plugins", join(folder, "teller.js")];

/** Writes the plugin and what it imports into a folder. */
function writeTeller(folder: string): void {
  mkdirSync(join(folder, "node_modules"));
  for (const [name, from] of [
    ["jacoflow", "../.."],
    ["typebox", "../../node_modules/typebox"],
  ]) {
    const target = new URL(from, import.meta.url).pathname;
    symlinkSync(target, join(folder, "node_modules", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "teller.js"), plugin);
}

/** What of a run folder holds the secret in any form. */
const tellingIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => forms.some((form) => readFileSync(path).includes(form)));

law("reach the stage they are meant for, and no file of the run, output, report or page", () =>
  withFolder(async (folder) => {
    const stages = {
      tell: `{ uses: sink/teller, from: train.metrics, with: { key: "Bearer ${variable}" } }`,
      report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }",
      lines: "{ uses: sink/ndjson, from: train.metrics }",
    };
    writeTeller(folder);
    const file = writeSmallPipeline(folder, stages);
    const environment = { HUB_API_KEY: secret };
    const run = join(folder, "run");
    const failed = join(folder, "failed");
    const use = using(folder);
    let page: Promise<string> | undefined;
    const outputs: string[] = [];
    for (const [words, code] of [
      [["run", file, "-vv", "--json", "--serve=0", "--out", run, ...use], 0],
      [["run", file, "-vv", "--json", "--out", failed, "--set", "stages.tell.with.fails=true", ...use], 1],
      [["run", file, "--dry-run", "--json", ...use], 0],
      [["run", file, "--dry-run", ...use], 0],
      [["validate", file, "--set", `stages.tell.with.fails=${variable}`, ...use], 78],
      [["graph", file, ...use], 0],
      [["inspect", run], 0],
      [["report", run, "--out", join(run, "again.html")], 0],
    ] as const) {
      const ended = await jacoflow(words, {
        environment,
        onOutput: (_child, output) => {
          const url = /watch it: (http:\S+)/.exec(output)?.[1];
          if (url === undefined || page !== undefined) return;
          page = fetch(`${url}runs/run/events`).then((answer) => answer.text());
          // It is awaited below.
          page.catch(() => undefined);
        },
      });
      assert.is(ended.code, code, `${words.join(" ")}: ${ended.stderr}`);
      outputs.push(ended.stdout, ended.stderr);
    }
    for (const text of [...outputs, await page!]) {
      for (const form of forms) assert.not.ok(text.includes(form), text.slice(0, 2000));
    }
    assert.equal([...tellingIn(run), ...tellingIn(failed)], []);
    for (const text of [
      readFileSync(join(run, "run.json"), "utf8"),
      readFileSync(join(run, "log.ndjson"), "utf8"),
      readFileSync(join(run, "report.html"), "utf8"),
      readFileSync(join(failed, "run.json"), "utf8"),
      await page!,
    ]) {
      assert.match(text, variable);
    }
  }),
);

law(
  "stand as their variables where they are values of a matrix or of --set: in names of folders, the index, run.json",
  () =>
    withFolder(async (folder) => {
      writeTeller(folder);
      const stages = {
        svd: null,
        project: null,
        parquet: null,
        tell: '{ uses: sink/teller, from: train.metrics, with: { key: "" } }',
      };
      const file = writeSmallPipeline(folder, stages);
      const varied = join(folder, "varied.yaml");
      const axis = `matrix: { stages.tell.with.key: ["Bearer ${variable}"], seed: [1] }\n`;
      writeFileSync(varied, `${axis}${readFileSync(file, "utf8")}`);
      const set = `stages.tell.with.key=Bearer ${variable}`;
      const [many, one] = [join(folder, "many"), join(folder, "one")];
      for (const words of [
        ["run", varied, "--dry-run", "--json"],
        ["run", varied, "--out", many, "--json"],
        ["run", file, "--out", one, "--json", "--set", set],
      ]) {
        const ended = await jacoflow(words[0] === "run" ? [...words, ...using(folder)] : words, {
          environment: { HUB_API_KEY: secret },
        });
        assert.is(ended.code, 0, `${words.join(" ")}: ${ended.stderr}`);
        for (const form of forms)
          assert.not.ok(`${ended.stdout}${ended.stderr}`.includes(form), words.join(" "));
      }
      assert.equal([...tellingIn(many), ...tellingIn(one)], []);
      const names = readdirSync(many, { recursive: true }).map(String);
      assert.ok(
        names.some((name) => name.includes("HUB-API-K")),
        names.join(" "),
      );
      assert.not.ok(
        names.some((name) => /sesame|7c1d/.test(name)),
        names.join(" "),
      );
      for (const run of [
        one,
        join(many, names.find((name) => !name.includes("/") && name.includes("HUB-API-K"))!),
      ]) {
        assert.match(readFileSync(join(run, "run.json"), "utf8"), `Bearer ${variable}`);
      }
    }),
);

law.run();
