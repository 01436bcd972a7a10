import fc from "fast-check";
import { JacoflowError } from "jacoflow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { CsvRecords, readRecords } from "../src/records.js";
import { withFiles } from "./folder.js";

const law = suite("CSV records");

const cut = (pieces: readonly string[], separator = ",") => {
  const records = new CsvRecords("a.csv", separator);
  return [...pieces.flatMap((piece) => records.take(piece)), ...records.end()];
};
const cells = (text: string, separator?: string) => cut([text], separator).map((record) => record.cells);

law("whatever is written quoted is read back, however the text is cut into pieces", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", "😀", '"', ",", ";", "\n", "\r", " ") });
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
  const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
  fc.assert(
    fc.property(table, lineEnd, fc.boolean(), fc.integer({ min: 1, max: 7 }), (rows, end, last, size) => {
      const lines = rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(","));
      const text = lines.join(end) + (last && lines.length > 0 ? end : "");
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
        text.slice(index * size, (index + 1) * size),
      );
      assert.equal(
        cut(pieces).map((record) => record.cells),
        rows,
      );
    }),
  );
});

law("fields without quotes are taken as they are, spaces too", () => {
  assert.equal(cells("a, b ,\n,1\n"), [
    ["a", " b ", ""],
    ["", "1"],
  ]);
  assert.equal(cells("a;b,c", ";"), [["a", "b,c"]]);
});

law("empty rows are passed over and counted; an empty field in quotes is a row", () => {
  assert.equal(cut(['a\n\r\n\n""\nb']), [
    { row: 1, cells: ["a"] },
    { row: 4, cells: [""] },
    { row: 5, cells: ["b"] },
  ]);
});

law("a CRLF cut in two is one line end", () => {
  assert.equal(
    cut(["a\r", "\nb\r", "c"]).map(({ row, cells }) => [row, ...cells]),
    [
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ],
  );
});

law("a quote out of place is refused with its row and column", () => {
  for (const [text, row, column] of [
    ['a,b\nc,d"e\n', 2, 2],
    ['"a"b,c\n', 1, 1],
    ['a,b,"c\nd', 1, 3],
  ] as const) {
    try {
      cells(text);
      assert.unreachable(text);
    } catch (error) {
      assert.instance(error, JacoflowError);
      assert.is((error as JacoflowError).code, "CSV_QUOTE");
      assert.is((error as JacoflowError).place, `a.csv:${row}:${column}`);
    }
  }
});

law("a quote left open ends in an error, not in all the memory", () => {
  const records = new CsvRecords("a.csv");
  const piece = "x".repeat(4 * 1024 * 1024);
  records.take('a\n"');
  assert.throws(
    () => {
      for (let times = 0; times < 5; times += 1) records.take(piece);
    },
    (error: JacoflowError) => error.code === "CSV_ROW_TOO_LONG" && error.place === "a.csv:2",
  );
});

const all = async (file: string) => {
  const found: string[][] = [];
  for await (const records of readRecords(file)) found.push(...records.map((record) => [...record.cells]));
  return found;
};

law("a file of many pieces is read whole; a byte order mark is not part of the first name", () => {
  const rows = Array.from({ length: 50_000 }, (_, row) => `${row},é${row}`);
  return withFiles({ "a.csv": `\uFEFFid,name\n${rows.join("\n")}` }, async (folder) => {
    const found = await all(`${folder}/a.csv`);
    assert.equal(found[0], ["id", "name"]);
    assert.is(found.length, 50_001);
    assert.ok(found.slice(1).every(([id, name], row) => id === String(row) && name === `é${row}`));
  });
});

law("bytes that are not UTF-8 and files that are not there are refused", () =>
  withFiles({ "latin.csv": Buffer.from("a,b\nc\xe9,d\n", "latin1") }, async (folder) => {
    const codeOf = (file: string) =>
      all(file).then(
        () => "nothing",
        (error: JacoflowError) => error.code,
      );
    assert.is(await codeOf(`${folder}/latin.csv`), "CSV_NOT_TEXT");
    assert.is(await codeOf(`${folder}/none.csv`), "CSV_UNREADABLE");
    assert.is(await codeOf(folder), "CSV_UNREADABLE");
  }),
);

law.run();
