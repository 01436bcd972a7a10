import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { apiDocument } from "../../scripts/apiDocument.js";
import { publicApi } from "../../scripts/declarations.js";
import { build, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";

const law = suite("the public API");

law.before(build);

law("docs/api.md is what the compiled declarations say", () => {
  assert.is(readFileSync(join(repository, "docs/api.md"), "utf8"), apiDocument(), "run: npm run documents");
});

law("each value the declarations promise is there when it runs, and no other", async () => {
  const { exports } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  };
  for (const entry of Object.values(exports)) {
    if (typeof entry === "string") continue;
    const { exported } = publicApi(join(repository, entry.types));
    const values = exported.filter(({ text }) =>
      /^(?:export )?declare (?:abstract )?(?:const|function|class) /.test(text),
    );
    const running = await import(pathToFileURL(join(repository, entry.default)).href);
    assert.equal(Object.keys(running).sort(), values.map(({ name }) => name).sort(), entry.types);
  }
});

law("no file behind the public face can be imported", () => {
  for (const file of ["dist/pipeline/stage.js", "pipeline/stage.js", "dist/index.js", "index.ts"]) {
    const source = `import("jacoflow/${file}").then(() => 0, ({ code }) => console.log(code))`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", source], {
      cwd: repository,
      encoding: "utf8",
    });
    assert.is(stdout.trim(), "ERR_PACKAGE_PATH_NOT_EXPORTED", file);
  }
});

law(
  "options infer from the schema, ports from the tables, and wrong uses are refused by the compiler",
  () => {
    const compiler = join(repository, "node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(compiler, ["--project", "test/types"], {
      cwd: repository,
      encoding: "utf8",
    });
    assert.is(status, 0, stdout);
  },
);

law(
  "what declarations speak of is found through other files, and a form nobody expected is not passed over",
  () =>
    withFolder(async (folder) => {
      const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
      write("index.d.ts", 'export { type A, b } from "./a.js";\n');
      write(
        "a.d.ts",
        'import type { X } from "outside";\nimport type { D } from "./d.js";\n/** Said. */\nexport interface A {\n    /** Said. */\n    readonly d: D;\n    x: X;\n}\nexport declare const b: import("./d.js").E;\nexport type Unused = 1;\n',
      );
      write("d.d.ts", "export type D = F | 1;\ntype F = 2;\nexport type E = 3;\nexport {};\n");
      const { exported, mentioned } = publicApi(join(folder, "index.d.ts"));
      assert.equal(
        exported.map(({ name, text }) => [name, text]),
        [
          ["A", "export interface A {\n    readonly d: D;\n    x: X;\n}"],
          ["b", 'export declare const b: import("./d.js").E;'],
        ],
      );
      assert.equal(
        mentioned.map(({ name }) => name),
        ["D", "E", "F"],
      );
      write("star.d.ts", 'export * from "./a.js";\n');
      assert.throws(() => publicApi(join(folder, "star.d.ts")), /form of statement/);
      write("other.d.ts", 'export { b as c } from "./a.js";\n');
      assert.throws(() => publicApi(join(folder, "other.d.ts")), /under another name, c/);
      write("none.d.ts", 'export { none } from "./a.js";\n');
      assert.throws(() => publicApi(join(folder, "none.d.ts")), /nothing declares/);
    }),
);

law.run();
