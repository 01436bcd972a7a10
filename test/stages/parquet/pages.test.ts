import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { ColumnMetaData, CompressionCodec } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { readTableFile } from "../../../stages/data/tableFile.js";
import { checkPages } from "../../../stages/parquet/checkPages.js";
import { openParquet, readColumn } from "../../../stages/parquet/file.js";
import type { Leaf } from "../../../stages/parquet/leaf.js";
import { openRowGroups } from "../../../stages/sinks/parquet/rowGroups.js";
import { withFolder } from "../../support/folder.js";

const law = suite("pages of Parquet");

const endless = new URL("endless-run.parquet", import.meta.url).pathname;

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
/** Fields of a struct of 32-bit numbers, each with its number, and the stop. */
const struct = (...fields: readonly (readonly [number, number | readonly number[]])[]): number[] => {
  let before = 0;
  const bytes = fields.flatMap(([field, value]) => {
    const type = typeof value === "number" ? 5 : 12;
    const head = (field - before) * 16 + type;
    before = field;
    return [head, ...(typeof value === "number" ? varint(value >= 0 ? 2 * value : -2 * value - 1) : value)];
  });
  return [...bytes, 0];
};

interface Page {
  readonly values: number;
  readonly body: readonly number[];
  readonly encoding?: number;
  readonly whole?: number;
  readonly codec?: CompressionCodec;
  /** Encodings of definition and repetition levels; in runs when absent. */
  readonly levels?: readonly [number, number];
  /** Version 2: nulls, bytes of definition levels, bytes of repetition levels. */
  readonly second?: readonly [number, number, number];
}

function bytesOf({
  values,
  body,
  encoding = 0,
  whole = body.length,
  levels = [3, 3],
  second,
}: Page): Uint8Array {
  const sizes = [
    [2, whole],
    [3, body.length],
  ] as const;
  const header =
    second === undefined
      ? struct([1, 0], ...sizes, [5, struct([1, values], [2, encoding], [3, levels[0]], [4, levels[1]])])
      : struct([1, 3], ...sizes, [
          8,
          struct([1, values], [2, second[0]], [3, values], [4, encoding], [5, second[1]], [6, second[2]]),
        ]);
  return Uint8Array.from([...header, ...body]);
}

type Type = "INT32" | "INT64" | "BYTE_ARRAY";
const leaf = (type: Type, codec: CompressionCodec, some: Partial<Leaf> = {}): Leaf => ({
  chunk: { type, codec, num_values: 4n } as ColumnMetaData,
  width: 4,
  mostRepeated: 0,
  mostDefined: 0,
  isFlat: true,
  ...some,
});
const optional = { mostDefined: 1 };
const listed = { mostDefined: 1, mostRepeated: 1, isFlat: false };

const place = { file: "a.parquet", column: "label", group: 2, start: 100 };
const check = (page: Page, some: Partial<Leaf>, type: Type = "INT32") =>
  checkPages(place, leaf(type, page.codec ?? "UNCOMPRESSED", some), 4, bytesOf(page));

const plain = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0];
/** Four values repeated in one run, behind the length of the runs. */
const four = (value: number) => [2, 0, 0, 0, 8, value];

law(
  "a page that is whole is taken: plain, of a dictionary, with nulls, lists, differences, both versions",
  () => {
    check({ values: 4, body: plain }, {});
    check({ values: 4, body: [...four(1), ...plain] }, optional);
    // As Spark writes: levels that there are none of are called bit-packed.
    check({ values: 4, body: [...four(1), ...plain], levels: [3, 4] }, optional);
    check({ values: 4, body: plain, levels: [4, 4] }, {});
    check({ values: 4, body: [...four(0), ...four(1), ...plain] }, listed);
    check({ values: 4, body: four(0) }, optional);
    check({ values: 4, body: [1, 8, 1], encoding: 8 }, {});
    check({ values: 4, body: [1, 3, 0b0101], encoding: 8 }, {});
    check({ values: 4, body: [2, 0, 0, 0, 3, 0b0101, ...plain.slice(8)] }, optional);
    check({ values: 4, body: [3, 0b0101, ...plain.slice(8)], second: [2, 2, 0] }, optional);
    check({ values: 4, body: [128, 1, 4, 4, 2, 2, 0, 0, 0, 0], encoding: 5 }, {});
    // Of no values writers leave a byte or none.
    check({ values: 4, body: [8, 0, 0], whole: 2, codec: "LZ4_RAW", second: [4, 2, 0] }, optional);
    check({ values: 4, body: [...gzipSync(Uint8Array.from(plain))], whole: 16, codec: "GZIP" }, {});
    check(
      { values: 4, body: [...brotliCompressSync(Uint8Array.from(plain))], whole: 16, codec: "BROTLI" },
      {},
    );
  },
);

/** A frame of Zstandard without its content's size: blocks of 128 KiB of one byte. */
const zstandard = (blocks: number) => [
  ...[0x28, 0xb5, 0x2f, 0xfd, 0, 0x50],
  ...Array.from({ length: blocks }, (_, at) => [2 + Number(at === blocks - 1), 0, 0x10, 7]).flat(),
];

const damaged: readonly (readonly [string, Page, Partial<Leaf>, RegExp])[] = [
  [
    "more values than the column has",
    { values: 400_000_000, body: plain },
    {},
    /400000000 values where 4 are left/,
  ],
  [
    "levels packed as before Parquet 2",
    { values: 4, body: [...four(1), ...plain], levels: [4, 3] },
    optional,
    /bit-packed levels/,
  ],
  ["a value too many", { values: 5, body: [...plain, ...plain] }, {}, /5 values where 4 are left/],
  ["fewer bytes than values", { values: 4, body: plain.slice(4) }, {}, /16 bytes of values where 12 are/],
  [
    "more bytes than the chunk",
    { values: 4, body: plain, whole: 99 },
    {},
    /16 bytes where the header says 99/,
  ],
  [
    "a run of definition levels without end",
    { values: 4, body: [6, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xf, 1, ...plain] },
    optional,
    /a run of 2147483647 values where 4 are left/,
  ],
  [
    "a run of repetition levels without end, version 2",
    { values: 4, body: [0xfe, 0xff, 0xff, 0xff, 0xf, 1, ...plain], second: [0, 0, 6] },
    listed,
    /a run of 2147483647 values/,
  ],
  [
    "a run of indices without end",
    { values: 4, body: [8, 0xfe, 0xff, 0xff, 0xff, 0xf, 1], encoding: 8 },
    {},
    /a run of 2147483647 values/,
  ],
  ["indices of 200 bits", { values: 4, body: [200, 8, 1], encoding: 8 }, {}, /values of 200 bits/],
  ["a number that goes on", { values: 4, body: [8, ...Array(99).fill(0x80)], encoding: 8 }, {}, /32 bits/],
  ["nulls that are not", { values: 4, body: [8, 1, ...plain], second: [2, 2, 0] }, optional, /2 nulls of 4/],
  [
    "levels longer than the page",
    { values: 4, body: plain, second: [0, 99, 0] },
    optional,
    /levels of 99 bytes/,
  ],
  [
    "rows more than the group",
    { values: 4, body: plain, second: [0, 0, 0] },
    { isFlat: false },
    /rows of a group/,
  ],
  [
    "miniblocks without end",
    { values: 4, body: [0x80, 0x80, 0x80, 1, 0x80, 0x80, 0x80, 1, 4, 2, 2], encoding: 5 },
    {},
    /blocks of 2097152 values in 2097152 miniblocks/,
  ],
  ["an encoding that is none", { values: 4, body: plain, encoding: 77 }, {}, /encoding 77/],
  ["integers in runs, as truths are", { values: 4, body: four(1), encoding: 3 }, {}, /INT32 encoded as RLE/],
  ["half of its runs", { values: 4, body: [9, 0, 0, 0, 8] }, optional, /it ends before its values do/],
  ["a number of values below none", { values: -1, body: plain }, {}, /-1 in field 1/],
  [
    "a page larger than its values",
    { values: 4, body: plain, whole: 2 ** 30, codec: "SNAPPY" },
    {},
    /1073741824 bytes made of 16, for 4 values/,
  ],
  [
    "a gzip bomb",
    { values: 4, body: [...gzipSync(new Uint8Array(20_000_000))], whole: 16, codec: "GZIP" },
    {},
    /larger than 16 bytes/,
  ],
  [
    "a brotli bomb",
    { values: 4, body: [...brotliCompressSync(new Uint8Array(20_000_000))], whole: 16, codec: "BROTLI" },
    {},
    /larger than 16 bytes/,
  ],
  [
    "a zstandard bomb",
    { values: 4, body: zstandard(99), whole: 16, codec: "ZSTD" },
    {},
    /99 blocks for 16 bytes/,
  ],
];

for (const [what, page, some, message] of damaged) {
  law(`${what}: refused with file, column, place and value`, () => {
    // The rows of a group are counted by repetition levels where there are any: here one row is too many.
    const rows = what.startsWith("rows") ? 3 : 4;
    let thrown: unknown;
    try {
      checkPages(place, leaf("INT32", page.codec ?? "UNCOMPRESSED", some), rows, bytesOf(page));
    } catch (error) {
      thrown = error;
    }
    assert.instance(thrown, JacoflowError);
    const { code, message: said, place: where, value } = thrown as JacoflowError;
    assert.is(code, "PARQUET_PAGE");
    assert.is(where, "a.parquet, column label, row group 2, page 0, byte 100");
    assert.match(String(value), message);
    assert.match(said, message);
  });
}

law("a page may have as many values as DuckDB puts into one, and no more than there is room for", () => {
  const repeated = (values: number) => {
    const some = leaf("INT32", "UNCOMPRESSED", {});
    const page = { values, body: [8, ...varint(2 * values), 1], encoding: 8 };
    checkPages(place, some, values, bytesOf(page));
  };
  repeated(47_040_000);
  assert.throws(
    () => repeated(200_000_000),
    /cannot be read: 200000000 values in one page.* has room for \d+/,
  );
});

law("differences of 64 bits are taken up to the last bit, and no further", () => {
  // What pandas has for no time, -2^63, is all ones when its sign is put last; then one less than 0, four times.
  const least = (last: number) => [...Array(9).fill(0xff), last];
  const differences = (last: number) =>
    check({ values: 4, body: [128, 1, 4, 4, ...least(last), 1, 0, 0, 0, 0], encoding: 5 }, {}, "INT64");
  differences(1);
  assert.throws(() => differences(2), /a number of more than 64 bits/);
  assert.throws(() => differences(0x81), /a number of more than 64 bits/);
});

law("texts that share beginnings which are not there are refused", () => {
  const deltas = (first: number, difference: number) => [128, 1, 4, 4, 2 * first, 2 * difference, 0, 0, 0, 0];
  const texts = (...body: readonly number[]) =>
    check({ values: 4, body: [...body, ...plain], encoding: 7 }, {}, "BYTE_ARRAY");
  texts(...deltas(0, 1), ...deltas(1, 0));
  assert.throws(() => texts(...deltas(0, 2), ...deltas(1, 0)), /a text of 2 and 1 bytes behind one of 1/);
});

law(
  "a run without end in a file of another house is refused by both who read Parquet, not followed",
  async () => {
    const refusals = [
      await readTableFile(endless).catch((error: unknown) => error),
      await openRowGroups(endless)
        .then((file) => file.column("label"))
        .catch((error: unknown) => error),
    ];
    for (const error of refusals) {
      assert.is((error as JacoflowError).code, "PARQUET_PAGE");
      assert.match(
        (error as JacoflowError).place ?? "",
        /endless-run\.parquet, column label, row group 0, page 0/,
      );
    }
  },
);

law("what the library alone finds is told of column and row group", () =>
  withFolder(async (folder) => {
    const data = ["train", "test", "train"];
    const columnData = [{ name: "split", data, type: "STRING" as const }];
    const bytes = Buffer.from(parquetWriteBuffer({ columnData, codec: "UNCOMPRESSED" }));
    bytes.writeUInt32LE(2 ** 31, bytes.indexOf("train") - 4);
    const path = join(folder, "a.parquet");
    writeFileSync(path, bytes);
    const thrown = await readColumn(await openParquet(path), "split", 0).catch((error: unknown) => error);
    assert.match(String(thrown), /column split of row group 0: .*2147483648/);
  }),
);

law.run();
