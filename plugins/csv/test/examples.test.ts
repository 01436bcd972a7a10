import { type JacoflowError, randomSource } from "jacoflow";
import { Default } from "typebox/value";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkOptions, readExamples } from "../src/examples.js";
import { type CsvOptions, options as schema } from "../src/options.js";
import { withFiles } from "./folder.js";

const law = suite("CSV examples");

const read = (files: Readonly<Record<string, string>>, given: Readonly<Record<string, unknown>>) =>
  withFiles(files, async (folder) => {
    const options = Default(schema, { path: "a.csv", ...given }) as CsvOptions;
    const source = { file: `${folder}/a.csv`, place: "stages.data.with", random: () => randomSource("seed") };
    const testFile = options.testPath === undefined ? undefined : `${folder}/${options.testPath}`;
    return readExamples(options, { ...source, testFile }).catch((error: JacoflowError) => {
      throw Object.assign(error, { shortPlace: error.place?.replace(`${folder}/`, "") });
    });
  });

const refusal = async (text: string, given: Readonly<Record<string, unknown>>) => {
  try {
    await read({ "a.csv": text }, given);
  } catch (error) {
    const { code, shortPlace } = error as JacoflowError & { shortPlace: string };
    return `${code} ${shortPlace}`;
  }
  return "accepted";
};

const flowers = "width,height,kind\r\n1,2,rose\r\n3,4,aster\r\n5,6,rose\r\n";

law("numbers become features, labels classes in the order of their names", async () => {
  const { features, labels, ids, classes, shape, trainCount } = await read(
    { "a.csv": flowers },
    { label: "kind" },
  );
  assert.equal([...features], [1, 2, 3, 4, 5, 6]);
  assert.equal([...labels], [1, 0, 1]);
  assert.equal([...ids], [0, 1, 2]);
  assert.equal(classes, ["aster", "rose"]);
  assert.equal(shape, [2]);
  assert.is(trainCount, 3);
});

law("labels that are numbers are sorted as numbers", async () => {
  const { classes } = await read({ "a.csv": "x,y\n1,10\n1,9\n1,-1\n" }, { label: "y" });
  assert.equal(classes, ["-1", "9", "10"]);
});

law("columns may be numbered, with and without a header", async () => {
  const headless = await read({ "a.csv": "b;1;7\na;2;8\n" }, { label: 1, header: false, separator: ";" });
  assert.equal([...headless.features], [1, 7, 2, 8]);
  const numbered = await read({ "a.csv": flowers }, { label: 3, features: [2] });
  assert.equal([...numbered.features], [2, 4, 6]);
});

law("classes name the labels in use; rows of others are passed over and keep their numbers", async () => {
  const found = await read({ "a.csv": flowers }, { label: "kind", classes: ["rose"] });
  assert.equal([...found.ids], [0, 2]);
  assert.equal([...found.labels], [0, 0]);
  assert.is(found.passedOver, 1);
});

law("a column, a second file or a share says what is a test example", async () => {
  const text = "s,id,x,y\ntest,7,1,a\ntrain,7,2,b\ntrain,3,3,a\n";
  const byColumn = await read({ "a.csv": text }, { label: "y", split: "s", id: "id" });
  assert.is(byColumn.trainCount, 2);
  assert.equal([...byColumn.ids], [7, 3, 7]);
  assert.equal([...byColumn.features], [2, 3, 1]);

  const files = { "a.csv": "x,y\n1,a\n2,b\n", "b.csv": "x,y\n3,b\n" };
  const byFile = await read(files, { label: "y", testPath: "b.csv" });
  assert.is(byFile.trainCount, 2);
  assert.equal([...byFile.ids], [0, 1, 0]);
  assert.equal([...byFile.labels], [0, 1, 1]);

  const rows = Array.from({ length: 100 }, (_, row) => `${row},${row % 2}`).join("\n");
  const drawn = await read({ "a.csv": `x,y\n${rows}` }, { label: "y", testShare: 0.3 });
  assert.is(drawn.trainCount, 70);
  assert.is(new Set(drawn.ids).size, 100);
  assert.ok(drawn.ids.every((id, row) => drawn.features[row] === id && drawn.labels[row] === id % 2));
  const again = await read({ "a.csv": `x,y\n${rows}` }, { label: "y", testShare: 0.3 });
  assert.equal(again.ids, drawn.ids);
});

law("per-feature takes its statistics from the training examples", async () => {
  const text = "s,x,c,y\ntrain,1,5,a\ntrain,3,5,b\ntest,5,6,a\n";
  const { features } = await read({ "a.csv": text }, { label: "y", split: "s", standardise: "per-feature" });
  assert.equal([...features], [-1, 0, 1, 0, 3, 0]);
});

law("per-example and unit-norm work on rows; rows without extent become 0", async () => {
  const text = "a,b,y\n1,3,x\n2,2,x\n0,0,x\n";
  const centred = await read({ "a.csv": text }, { label: "y", standardise: "per-example" });
  assert.equal([...centred.features], [-1, 1, 0, 0, 0, 0]);
  const normed = await read({ "a.csv": "a,b,y\n3,4,x\n0,0,x\n" }, { label: "y", standardise: "unit-norm" });
  assert.equal([...normed.features], [Math.fround(0.6), Math.fround(0.8), 0, 0]);
});

law("a shape makes images of rows", async () => {
  const { shape } = await read({ "a.csv": "a,b,c,d,y\n1,2,3,4,x\n" }, { label: "y", shape: [2, 2, 1] });
  assert.equal(shape, [2, 2, 1]);
});

law("every wrong cell is refused with its row and column", async () => {
  const label = { label: "y" };
  assert.is(await refusal("x,y\n1,a\nNaN,b\n", label), "CSV_NOT_A_NUMBER a.csv:3:1");
  assert.is(await refusal("x,y\nInfinity,a\n", label), "CSV_NOT_A_NUMBER a.csv:2:1");
  assert.is(await refusal("x,y\n1e39,a\n", label), "CSV_NOT_A_NUMBER a.csv:2:1");
  assert.is(await refusal("x,y\n0x10,a\n", label), "CSV_NOT_A_NUMBER a.csv:2:1");
  assert.is(await refusal('x,y\n"1,5",a\n', label), "CSV_NOT_A_NUMBER a.csv:2:1");
  assert.is(await refusal("x,y\n1,a\n ,b\n", label), "CSV_EMPTY_CELL a.csv:3:1");
  assert.is(await refusal("x,y\n1,\n", label), "CSV_EMPTY_CELL a.csv:2:2");
  assert.is(await refusal("x,y\n1,a,2\n", label), "CSV_CELL_COUNT a.csv:2");
  assert.is(await refusal("i,x,y\n-1,1,a\n", { ...label, id: "i" }), "CSV_ID a.csv:2:1");
  assert.is(await refusal("i,x,y\n2147483648,1,a\n", { ...label, id: "i" }), "CSV_ID a.csv:2:1");
  assert.is(await refusal("i,x,y\n4,1,a\n\n4,1,a\n", { ...label, id: "i" }), "CSV_REPEATED_ID a.csv:4:1");
  assert.is(await refusal("s,x,y\nvalid,1,a\n", { ...label, split: "s" }), "CSV_SPLIT a.csv:2:1");
});

law("columns that cannot be are refused at the option that names them", async () => {
  const with_ = "stages.data.with";
  assert.is(await refusal(flowers, { label: "sort" }), `CSV_UNKNOWN_COLUMN ${with_}.label`);
  assert.is(await refusal(flowers, { label: 4 }), `CSV_UNKNOWN_COLUMN ${with_}.label`);
  assert.is(await refusal("1,a\n", { label: "y", header: false }), `CSV_NO_HEADER ${with_}.label`);
  assert.is(await refusal("x,y,y\n1,a,b\n", { label: "y" }), "CSV_REPEATED_COLUMN a.csv:1:3");
  const twice = { label: "kind", features: ["width", "kind"] };
  assert.is(await refusal(flowers, twice), `CSV_COLUMN_USED_TWICE ${with_}.features`);
  assert.is(await refusal(flowers, { label: "kind", shape: [3] }), `CSV_SHAPE ${with_}.shape`);
  assert.is(await refusal("y\na\n", { label: "y" }), "CSV_NO_EXAMPLES a.csv");
  assert.is(await refusal("x,y\n", { label: "y" }), "CSV_NO_EXAMPLES a.csv");
  assert.is(await refusal("", { label: "y" }), "CSV_NO_EXAMPLES a.csv");
  assert.is(await refusal(flowers, { label: "kind", classes: ["elm"] }), "CSV_NO_EXAMPLES a.csv");
});

law("a test file with other columns is refused", async () => {
  const files = { "a.csv": "x,y\n1,a\n", "b.csv": "y,x\na,1\n" };
  try {
    await read(files, { label: "y", testPath: "b.csv" });
    assert.unreachable();
  } catch (error) {
    assert.is((error as JacoflowError).code, "CSV_DIFFERENT_HEADER");
  }
});

law("one way only says which examples are test examples", () => {
  const options = Default(schema, { path: "a", label: 1, split: 2, testShare: 0.1 }) as CsvOptions;
  assert.throws(
    () => checkOptions(options, "stages.data.with"),
    (error: JacoflowError) => error.code === "CSV_OPTION",
  );
});

law("an aborted reading ends with the reason", () =>
  withFiles({ "a.csv": flowers }, async (folder) => {
    const source = {
      file: `${folder}/a.csv`,
      testFile: undefined,
      place: "",
      random: () => randomSource(""),
    };
    const options = Default(schema, { path: "a.csv", label: "kind" }) as CsvOptions;
    const reason = new Error("stopped");
    const ended = readExamples(options, { ...source, signal: AbortSignal.abort(reason) });
    assert.is(await ended.catch((error) => error), reason);
  }),
);

law.run();
