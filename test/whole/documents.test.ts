import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { commandNames } from "../../pipeline/cli/commandLine.js";
import { build, repository } from "../support/builtCommandLine.js";
import { blocksOf, commandsOf, scriptCalled } from "../support/documents/blocks.js";
import { furnish, tryBlock } from "../support/documents/sandbox.js";
import { withFolder } from "../support/folder.js";

const law = suite("documents");

const documents = [
  "README.md",
  ...readdirSync(join(repository, "docs"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/${name}`),
  ...readdirSync(join(repository, "plugins"))
    .filter((name) => existsSync(join(repository, "plugins", name, "README.md")))
    .sort()
    .map((name) => `plugins/${name}/README.md`),
];
const textOf = (document: string) => readFileSync(join(repository, document), "utf8");

const counts = { ran: 0, output: 0 };
const notRun: string[] = [];

law.before(build);

law("blocks are found with their language, their comments and their line", () => {
  const { blocks, indented } = blocksOf(
    "a.md",
    "# a\n\n<!-- file: x.ts -->\n<!-- not run: it ends the world -->\n```ts\n1;\n\n2;\n```\n- list\n\n    more of it\n\nb\n\n    code\n````\n```\n````\n",
  );
  assert.equal(blocks, [
    {
      document: "a.md",
      line: 5,
      language: "ts",
      text: "1;\n\n2;\n",
      file: "x.ts",
      reason: "it ends the world",
    },
    { document: "a.md", line: 17, language: "", text: "```\n", file: undefined, reason: undefined },
  ]);
  assert.equal(indented, [16]);
});

law("commands are told from comments, and npm's scripts from other commands", () => {
  assert.equal(commandsOf("# no\na b # c\n\nd \\\n  e#f\n"), ["a b", "d    e#f"]);
  for (const [command, script] of [
    ["npm run demo", "demo"],
    ["npm test -- engine", "test"],
    ["A=1 npm test", "test"],
    ["npm pack", undefined],
    ["echo npm test", undefined],
  ] as const) {
    assert.is(scriptCalled(command), script, command);
  }
});

law("a block that cannot be, a script that is not there and a query that finds nothing are noticed", () =>
  withFolder(async (folder) => {
    furnish(folder);
    const facts = { document: "a.md", line: 1, file: undefined, reason: undefined };
    for (const [language, text] of [
      ["", "x"],
      ["cobol", "x"],
      ["sh", "npm run nothing"],
      ["sh", "npx jacoflow validate nowhere.yaml"],
      ["sh", "false | true"],
      ["yaml", "a: [1"],
      ["yaml", "stages: { a: { uses: no/such } }"],
      ["json", "{"],
      ["ts", 'import { defineStage } from "jacoflow";\nconst n: number = defineStage;'],
      ["js", "throw new Error()"],
      ["sql", "select 1 where false"],
    ] as const) {
      const outcome = await tryBlock({ ...facts, language, text }, folder).then(
        () => "nothing",
        () => "noticed",
      );
      assert.is(outcome, "noticed", `${language}: ${text}`);
    }
  }),
);

for (const document of documents) {
  law(`every block of ${document} does what it says`, () =>
    withFolder(async (folder) => {
      furnish(folder);
      const { blocks, indented } = blocksOf(document, textOf(document));
      assert.equal(indented, [], `${document} has code that is indented, not fenced, on these lines`);
      for (const block of blocks) {
        const place = `${document}:${block.line}`;
        const trial = await tryBlock(block, folder).catch((error: Error) => {
          throw new Error(`${place}: ${error.message}`);
        });
        if (trial.ran) counts.ran += 1;
        else if (trial.reason === "output") counts.output += 1;
        else notRun.push(`${place}: ${trial.reason}`);
      }
    }),
  );
}

law("the table of commands in the README has each command", () => {
  const rows = textOf("README.md").matchAll(/^\| (`.+?`) \|/gm);
  const named = [...rows].flatMap(([, cell]) => [...cell.matchAll(/`([a-z-]+)/g)].map(([, name]) => name));
  assert.equal([...new Set(named)].sort(), [...commandNames].sort());
});

law.after(() => {
  process.stdout.write(
    `blocks of the documents: ${counts.ran} run, ${counts.output} of output, ${notRun.length} not run\n`,
  );
  for (const reason of notRun) process.stdout.write(`  ${reason}\n`);
});

law.run();
