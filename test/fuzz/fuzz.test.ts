import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JacoflowError } from "../../schemas/errors/error.js";
import { fuzz, newTally } from "./fuzzing.js";
import { faultOf, type Reader, tryReading } from "./reader.js";
import { readers } from "./readers.js";
import { utf8 } from "./sample.js";

const test = suite("damaged input is read right or refused with file, place and value");

/** A small share of `npm run fuzz`, of a seed of its own; less of what takes ten times as long as the others. */
const slow = ["pipeline file", "--set", "tables of a run"];

for (const reader of readers) {
  const tries = slow.includes(reader.name) ? 30 : 200;
  test(`${reader.name}: ${tries} damaged files`, async () => {
    const tally = newTally(reader.name);
    await fuzz({ reader, seed: "share", first: 0, last: tries, tally });
    assert.equal(tally.kinds, []);
    assert.is(tally.tries, tries);
    assert.ok(Object.keys(tally.refused).length > 0, "the changes are damage");
  });
}

test("a refusal that is not ours, or names no file, place or value, is a finding", () => {
  const whole = {
    code: "A_CODE",
    kind: "run",
    message: "a.csv: 7",
    place: "a.csv:1",
    value: 7,
    remedy: "Mend it.",
  } as const;
  const faults: readonly [Error, RegExp | undefined][] = [
    [new JacoflowError(whole), undefined],
    [new TypeError("x is undefined"), /^not ours: TypeError/],
    [new JacoflowError({ ...whole, code: "code" }), /^no code/],
    [new JacoflowError({ ...whole, place: "" }), /^no place/],
    [new JacoflowError({ ...whole, message: "7", place: "row 1" }), /^no file/],
    [new JacoflowError({ ...whole, value: undefined }), /^no value/],
    [new JacoflowError({ ...whole, remedy: "" }), /^no remedy/],
    [new JacoflowError({ ...whole, message: "a.csv".repeat(1000) }), /^a message of 5000/],
  ];
  for (const [error, fault] of faults) {
    const found = faultOf(error, ["a.csv"]);
    if (fault === undefined) assert.is(found, undefined);
    else assert.match(found ?? "", fault);
  }
});

test("what is accepted though it is wrong is a finding, and each try can be made again", async () => {
  const seen: string[][] = [];
  const reader = (run: string[]): Reader => ({
    name: "a",
    corpus: async () => [{ "a.txt": utf8("abc") }],
    mutate: (_, random) => ({ "a.txt": utf8(String(random.integer(1e9))) }),
    read: async (_, sample) => {
      run.push(String(sample["a.txt"]));
      return run.length === 5 ? "five" : undefined;
    },
  });
  for (let time = 0; time < 2; time += 1) {
    seen.push([]);
    const tally = newTally("a");
    await fuzz({ reader: reader(seen[time]), seed: "1", first: 0, last: 9, tally });
    assert.equal(tally.kinds, [{ reader: "a", number: 3, finding: "wrong silence: five" }]);
    assert.is(tally.accepted, 8);
  }
  assert.equal(seen[0], seen[1]);
  const broken: Reader = { ...reader([]), read: () => Promise.reject(new Error("no")) };
  assert.match(JSON.stringify(await tryReading(broken, "", {})), "not ours");
});

test.run();
