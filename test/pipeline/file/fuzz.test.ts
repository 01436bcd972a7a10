// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { stringify } from "yaml";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { readSource } from "../../../pipeline/file/read.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { withFolder } from "../../support/pipelines.js";

const test = suite("any input ends in a pipeline or a coded error");
const { stages, engines } = composition();
const quickstart = readFileSync(new URL("../../../examples/quickstart.yaml", import.meta.url), "utf8");
/** Generous: the slowest below takes a fifth of it on a busy machine. */
const millisecondsAllowed = 5000;

/** The codes of a text, none when it is a pipeline; anything thrown that has no code fails the test. */
async function codesOf(text: string, sets: readonly string[] = []): Promise<readonly string[]> {
  const start = process.cpuUsage();
  try {
    await loadPipeline({
      text,
      file: "fuzz.yaml",
      sets,
      stages,
      engines,
      environment: { HOME: "/root" },
      requireSink: true,
      checkEnvironment: false,
    });
    return [];
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    assert.ok(error.errors.length > 0 && error.errors.length <= 201);
    for (const mistake of error.errors) assert.match(mistake.code, /^[A-Z][A-Z0-9_]+$/);
    return error.errors.map(({ code }) => code);
  } finally {
    assert.ok(
      process.cpuUsage(start).user < 1000 * millisecondsAllowed,
      `${text.slice(0, 40)} took too long`,
    );
    assert.is(Reflect.get({}, "polluted"), undefined);
  }
}

async function codeOfBytes(bytes: Uint8Array): Promise<string | undefined> {
  return withFolder(async (folder) => {
    const file = join(folder, "bytes.yaml");
    writeFileSync(file, bytes);
    try {
      return (await codesOf(await readSource(file)))[0];
    } catch (error) {
      if (!(error instanceof JacoflowError)) throw error;
      return error.code;
    }
  });
}

test("random bytes", () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      assert.type(await codeOfBytes(bytes), "string");
    }),
    { numRuns: 100 },
  ));

test("random texts of the characters YAML gives a meaning", () => {
  const word = fc.constantFrom(
    ..."-?:,[]{}#&*!|>'\"%@`~ \n\t\r0".split(""),
    "  ",
    "a: ",
    "- ",
    "&a ",
    "*a",
    "<<: *a",
    "!!js/function ",
    "!!binary ",
    "${",
    "${A:",
    "---\n",
    "...\n",
    "stages:\n",
    "uses: ",
    "\ufeff",
    "\u2028",
    "\u202e",
    "\ud800",
    "1e999",
    "0x1F",
    ".nan",
    "__proto__: ",
  );
  return fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 60 }), async (words) => {
      await codesOf(words.join(""));
      await codesOf(`name: x\nstages:\n  a: { uses: data/table, with: { path: ${words.join("")} } }\n`);
      await codesOf(quickstart, [`stages.train.with.epochs=${words.join("")}`, words.join("")]);
    }),
    { numRuns: 250 },
  );
});

test("random variables, matrices and files to extend", () => {
  const scalar = fc.oneof(
    fc.constantFrom("${a}", "${b}-${a}", "$${a}", "${", "${c:1}", "${HOME}", "", "a", null, true, 0, 1e300),
    fc.string({ maxLength: 6 }),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      scalar,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(
        fc.constantFrom(
          "a",
          "b",
          "seed",
          "stages.data.with.path",
          "stages.data",
          "variables.a",
          "include",
          "exclude",
          "__proto__",
          "matrix",
          ".",
        ),
        tie("value"),
        { maxKeys: 4 },
      ),
    ),
  }));
  const base = { name: "x", stages: { data: { uses: "data/table", with: { path: "${a:p}" } } } };
  return fc.assert(
    fc.asyncProperty(value, value, value, async (variables, matrix, bases) => {
      await codesOf(stringify({ ...base, variables }));
      await codesOf(stringify({ ...base, matrix }));
      await codesOf(stringify({ ...base, variables, matrix, extends: bases }), [
        "matrix.seed=[1]",
        "variables.a=2",
      ]);
      await codesOf(stringify({ extends: [], stages: variables, matrix, variables: matrix }));
    }),
    { numRuns: 150 },
  );
});

test("random structures, as YAML and as JSON, in the place of a file and of a stage", () => {
  const key = fc.constantFrom(
    "name",
    "stages",
    "uses",
    "with",
    "from",
    "port",
    "path",
    "__proto__",
    "constructor",
    "a",
  );
  const structure = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        "data/table",
        "sink/parquet",
        "labels/noise",
        "a",
        "a.examples",
        null,
        true,
        0,
        -1,
        1e300,
        Number.NaN,
      ),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 5, noNullPrototype: false }),
    ),
  })).value;
  return fc.assert(
    fc.asyncProperty(structure, structure, async (whole, part) => {
      await codesOf(stringify(whole));
      await codesOf(
        JSON.stringify({ name: "x", stages: { a: part, b: { uses: "sink/parquet", from: whole } } }),
      );
    }),
    { numRuns: 150 },
  );
});

test("the quickstart with a piece cut out, doubled or replaced", () => {
  const at = fc.nat({ max: quickstart.length });
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom("\0", "\r", "\n", "{", "]", ": ", "*x", "&x "),
  );
  return fc.assert(
    fc.asyncProperty(at, fc.nat({ max: 40 }), piece, fc.boolean(), async (start, length, inserted, twice) => {
      const cut = quickstart.slice(start, start + length);
      await codesOf(
        quickstart.slice(0, start) + inserted + (twice ? cut + cut : "") + quickstart.slice(start + length),
      );
    }),
    { numRuns: 250 },
  );
});

const stage = (count: number, each: (index: number) => string) =>
  `name: x\nstages:\n${Array.from({ length: count }, (_, index) => `  s${index}: ${each(index)}\n`).join("")}`;

/** What each is made to exhaust, the text, and the code it ends in. */
const bombs: readonly (readonly [string, string, string])[] = [
  ["aliases of one number", `name: x\nb: [&a 1${",*a".repeat(80_000)}]`, "TOO_MANY_ALIASES"],
  [
    "a billion laughs",
    Array.from({ length: 12 }, (_, i) => `a${i}: &a${i} [${i === 0 ? "1" : `*a${i - 1},`.repeat(9)}]`).join(
      "\n",
    ),
    "TOO_MANY_ALIASES",
  ],
  [
    "a chain of aliases deeper than the stack",
    `a0: &a0 [1]\n${Array.from({ length: 900 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join("\n")}`,
    "TOO_MANY_ALIASES",
  ],
  [
    "a long list that many stages share",
    stage(
      500,
      (i) => `{ uses: network/init, with: { hidden: ${i === 0 ? `&h [${"x,".repeat(50_000)}]` : "*h"} } }`,
    ),
    "TOO_MANY_ALIASES",
  ],
  ["an alias inside what it names", "name: x\na: &a [*a]", "ALIAS_OF_ITSELF"],
  ["an alias of nothing", "name: x\na: *b", "UNKNOWN_ANCHOR"],
  ["10,000 brackets", "[".repeat(10_000), "FILE_TOO_DEEP"],
  ["10,000 maps", `name: x\na: ${"{a: ".repeat(10_000)}`, "FILE_TOO_DEEP"],
  ["10,000 dashes", "- ".repeat(10_000), "FILE_TOO_DEEP"],
  ["10,000 question marks", "? ".repeat(10_000), "FILE_TOO_DEEP"],
  [
    "600 indentations",
    Array.from({ length: 600 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
    "FILE_TOO_DEEP",
  ],
  ["10,000 anchors", "&a ".repeat(10_000), "YAML_SYNTAX"],
  ["a key 30,000 times", `name: x\n${"name: y\n".repeat(30_000)}`, "REPEATED_KEY"],
  [
    "20,000 keys there are not",
    Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n"),
    "UNKNOWN_KEY",
  ],
  ["5,000 stages", stage(5000, () => "{ uses: data/table, with: { path: x } }"), "TOO_MANY_STAGES"],
  [
    "1,000 stages that read what is not there",
    stage(1000, (i) => `{ uses: sink/parquet, from: t${i} }`),
    "UNKNOWN_STAGE",
  ],
  [
    "1,000 stages in the wrong order",
    stage(1000, (i) => `{ uses: labels/noise, with: { fraction: 0.1 }, from: s${i + 1} }`),
    "UNKNOWN_STAGE",
  ],
  ["a variable that never ends", `name: "${"${A".repeat(80_000)}"`, "FILE_TOO_DEEP"],
  ["a long line", `name: "${"a".repeat(250_000)}"`, "MISSING_KEY"],
  ["too many characters", "a".repeat(300_000), "FILE_TOO_LARGE"],
];

for (const [what, text, code] of bombs) {
  test(`${what}: ${code}`, async () => {
    const codes = await codesOf(text);
    assert.ok(codes.includes(code), codes.slice(0, 5).join(", "));
  });
}

test("keys that JavaScript gives a meaning are refused in every map, and change nothing", async () => {
  for (const key of ["__proto__", "constructor", "prototype"]) {
    const inner = `{ ${key}: { polluted: 1 } }`;
    for (const text of [
      `${quickstart}\n${key}: { polluted: 1 }`,
      quickstart.replace("stages:\n", `stages:\n  ${key}: { uses: data/table, with: { path: x } }\n`),
      quickstart.replace("epochs: 150", `epochs: 150, schedule: ${inner}`),
      quickstart.replace("from: data,", `from: ${inner},`),
    ]) {
      assert.is.not(text, quickstart);
      assert.ok((await codesOf(text)).includes("RESERVED_KEY"), text);
    }
    for (const set of [
      `${key}.polluted=1`,
      `stages.train.with.${key}.polluted=1`,
      `stages.train.with=${inner}`,
    ]) {
      assert.is.not((await codesOf(quickstart, [set])).length, 0, set);
    }
  }
});

test("tags and merge keys are refused, an alias in --set too", async () => {
  for (const tag of ["!!js/function", "!!js/undefined", "!!python/object", "!custom", "!!binary", "!!set"]) {
    assert.ok((await codesOf(`name: x\nseed: ${tag} "1"`)).includes("YAML_SYNTAX"), tag);
  }
  const merged = "name: x\nstages: { a: &a { uses: sink/parquet }, b: { <<: *a } }";
  assert.ok((await codesOf(merged)).includes("MERGE_KEY"));
  for (const set of ["seed=*x", "stages.train.with.schedule=[&x 1, *x]"]) {
    assert.ok((await codesOf(quickstart, [set])).includes("MALFORMED_SET"), set);
  }
});

test("only UTF-8 is read, with a byte order mark and any line ends", async () => {
  const text = quickstart.replaceAll("\n", "\r\n");
  assert.is(await codeOfBytes(Buffer.from(`\ufeff${text}`)), undefined);
  assert.is(await codeOfBytes(Buffer.from(`\ufeff${text}`, "utf16le")), "FILE_ENCODING");
  assert.is(await codeOfBytes(Buffer.from(text, "utf16le")), "FILE_ENCODING");
  assert.is(await codeOfBytes(Buffer.from(`${text}# gr\u00fcn`, "latin1")), "FILE_ENCODING");
  assert.is(await codeOfBytes(Buffer.from(`${text}# \0`)), "FILE_ENCODING");
});

test("a file of 50 MB is refused before it is read, an endless one too, a folder as such", async () => {
  assert.is(await codeOfBytes(Buffer.alloc(50_000_000, "a")), "FILE_TOO_LARGE");
  const code = (path: string) =>
    readSource(path).then(
      () => "",
      (error: JacoflowError) => error.code,
    );
  assert.is(await code("/dev/zero"), "FILE_TOO_LARGE");
  assert.is(await code("/"), "FILE_NOT_READABLE");
  assert.is(await code("/nowhere.yaml"), "FILE_NOT_READABLE");
});

test.run();
