import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Table } from "apache-arrow";
import fc from "fast-check";
import { examplesTable, type JacoflowError, type LabelNoise, readExamples } from "jacoflow";
import { Default } from "typebox/value";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { joinLabels } from "../src/join.js";
import { readLabels } from "../src/labels.js";
import { type LabelsOptions, options as schema } from "../src/options.js";

const law = suite("labels from a file");

const classes = ["coat", "bag", "boot"];
const shape = [2];

/** Train examples 10, 11, 12 and test examples 10, 20, of classes 0 to 2. */
function examples(metadata: { classes?: readonly string[]; noise?: LabelNoise } = { classes }): Table {
  const batch = examplesTable(shape, metadata).batch(
    {
      id: [10, 11, 12, 10, 20],
      split: ["train", "train", "train", "test", "test"],
      features: Float32Array.from({ length: 10 }, (_, at) => at),
      label: [0, 1, 2, 2, 1],
      clean_label: [0, 1, 2, 2, 1],
    },
    5,
  );
  return new Table([batch]);
}

/** Joins a file with this text to examples. */
async function joined(text: string, given: Partial<LabelsOptions> = {}, table = examples()) {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-labels-"));
  try {
    await writeFile(join(folder, "labels.csv"), text);
    const options = Default(schema, { path: "labels.csv", ...given }) as LabelsOptions;
    const read = await readLabels(join(folder, "labels.csv"), options, "stages.noisy.with");
    return joinLabels(table, read, options, { file: "labels.csv", from: "data.examples" });
  } catch (error) {
    throw Object.assign(error as Error, { folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const labelsOf = ({ batch }: { batch: Table["batches"][number] }) => [...(batch.getChild("label") ?? [])];

/** Codes and places of what is refused, and the messages. */
async function refusal(...given: Parameters<typeof joined>) {
  try {
    await joined(...given);
  } catch (thrown) {
    const { folder } = thrown as { folder: string };
    const errors =
      thrown instanceof AggregateError ? (thrown.errors as JacoflowError[]) : [thrown as JacoflowError];
    return {
      codes: errors.map(({ code, place }) => `${code} ${place?.replace(`${folder}/`, "")}`),
      text: errors.map(({ message }) => message).join("\n"),
    };
  }
  return { codes: [], text: "accepted" };
}

law(
  "labels go to the examples of their id, in any order of the rows; clean labels and everything else stay",
  async () => {
    const { batch, changed, kept } = await joined("id,label\n12,coat\n10,bag\n11,bag\n");
    assert.equal([...batch.getChild("label")!], [1, 1, 0, 2, 1]);
    const before = readExamples(examples());
    const after = readExamples(new Table([batch]));
    assert.equal({ ...after.train, labels: 0 }, { ...before.train, labels: 0 });
    assert.equal(after.test, before.test);
    assert.equal(after.classes, classes);
    assert.equal([changed, kept], [2, 0]);
  },
);

law("for any labels, example by example, the label is the file's", async () => {
  const label = fc.integer({ min: 0, max: 2 });
  await fc.assert(
    fc.asyncProperty(fc.tuple(label, label, label), fc.boolean(), async (given, numbers) => {
      const rows = given.map((value, row) => `${10 + row},${numbers ? value : classes[value]}`);
      const table = examples(numbers ? {} : { classes });
      assert.equal(labelsOf(await joined(`id,label\n${rows.join("\n")}`, {}, table)).slice(0, 3), given);
    }),
    { numRuns: 20 },
  );
});

law("a column, or the option, says which split a row is of; the same id may be in both", async () => {
  const text = "split,key,class\ntrain,10,boot\ntest,10,bag\ntest,20,bag\ntrain,11,coat\ntrain,12,coat\n";
  const columns = { id: "key", label: 3, splitColumn: "split" };
  assert.equal(labelsOf(await joined(text, columns)), [2, 0, 0, 1, 1]);
  assert.equal(
    labelsOf(
      await joined("10;bag\n20;bag\n", { id: 1, label: 2, split: "test", header: false, separator: ";" }),
    ),
    [0, 1, 2, 1, 1],
  );
});

law("numbers of classes are taken where asked for, and where the examples have no names", async () => {
  assert.equal(
    labelsOf(await joined("id,label\n10,2\n11,2\n12,2\n", { labels: "numbers" })),
    [2, 2, 2, 2, 1],
  );
  const digits = examples({ classes: ["9", "8", "7"] });
  assert.equal(labelsOf(await joined("id,label\n10,7\n11,8\n12,9\n", {}, digits)), [2, 1, 0, 2, 1]);
});

law("missing: keep leaves an example without a row its label, and counts it", async () => {
  const kept = await joined("id,label\n12,coat\n", { missing: "keep" });
  assert.equal(labelsOf(kept), [0, 1, 0, 2, 1]);
  assert.is(kept.kept, 2);
});

law("a law of noise that the file's labels do not follow is not passed on", async () => {
  const noise = { kind: "matrix", fraction: 1, splits: ["train"] as const, transition: [[1]] };
  const { batch } = await joined("id,label\n10,bag\n11,bag\n12,bag\n", {}, examples({ classes, noise }));
  assert.is(readExamples(new Table([batch])).noise, undefined);
});

law("every mistake of the form is told at once, with its row", async () => {
  const text =
    "id,label,split\nten,coat,train\n11,,train\n12,coat,valid\n10,coat\n10,bag,test\n\n10,coat,test\n";
  const { codes } = await refusal(text, { splitColumn: "split" });
  assert.equal(codes, [
    "LABELS_CELL labels.csv:2",
    "LABELS_CELL labels.csv:3",
    "LABELS_CELL labels.csv:4",
    "LABELS_CELL_COUNT labels.csv:5",
    "LABELS_REPEATED_ID labels.csv:8",
  ]);
});

law(
  "every mistake of the join is told at once: unknown classes, extra ids, missing ids, with rows",
  async () => {
    const { codes, text } = await refusal("id,label\n10,hat\n13,coat\n11,cap\n");
    assert.equal(codes, [
      "LABELS_UNKNOWN_CLASS labels.csv:2",
      "LABELS_UNKNOWN_ID labels.csv:3",
      "LABELS_MISSING labels.csv",
    ]);
    for (const part of ['row 2 ("hat"), row 4 ("cap")', "row 3 (train 13)", "ids 12"])
      assert.match(text, part);
    const wrongSplit = await refusal("id,label\n10,bag\n11,bag\n", { split: "test", missing: "keep" });
    assert.equal(wrongSplit.codes, ["LABELS_UNKNOWN_ID labels.csv:3"]);
    const numbers = await refusal("id,label\n10,3\n11,0\n12,0\n", { labels: "numbers" });
    assert.equal(numbers.codes, ["LABELS_UNKNOWN_CLASS labels.csv:2"]);
  },
);

law("a file without the columns or without rows is refused at the option or the file", async () => {
  const id = "id,label\n1,coat\n";
  assert.equal((await refusal(id, { label: "class" })).codes, ["LABELS_COLUMN stages.noisy.with.label"]);
  assert.equal((await refusal(id, { id: 3 })).codes, ["LABELS_COLUMN stages.noisy.with.id"]);
  assert.equal((await refusal(id, { header: false })).codes, ["LABELS_COLUMN stages.noisy.with.id"]);
  assert.equal((await refusal("id,label\n")).codes, ["LABELS_NONE labels.csv"]);
  assert.equal((await refusal("")).codes, ["LABELS_NONE labels.csv"]);
  assert.equal((await refusal('id,label\n1,"co')).codes, ["CSV_QUOTE labels.csv:2:2"]);
});

law("a file of mistakes alone ends with the first twenty", async () => {
  const rows = Array.from({ length: 100 }, () => "x,coat").join("\n");
  assert.is((await refusal(`id,label\n${rows}`)).codes.length, 20);
});

law.run();
