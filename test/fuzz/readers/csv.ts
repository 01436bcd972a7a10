import { csv } from "../../../plugins/csv/src/csv.js";
import { optionsOf } from "../../../plugins/kit/trial.js";
import { readLabels } from "../../../plugins/labels-from-file/src/labels.js";
import { labelsFromFile } from "../../../plugins/labels-from-file/src/stage.js";
import { readByStage } from "../examples.js";
import { mutated, mutatedText } from "../mutate.js";
import type { Reader } from "../reader.js";
import { type Sample, textOf, utf8 } from "../sample.js";

const words = [
  '"',
  '""',
  ",",
  ";",
  "\n",
  "\r\n",
  "\r",
  "NaN",
  "Infinity",
  "1e999",
  "-1",
  "2147483648",
  "train",
  "test",
  "\ufeff",
  "\u0000",
  "0x10",
  "é",
];

const change =
  (file: string): Reader["mutate"] =>
  (sample, random, corpus) => ({
    [file]:
      random.integer(2) === 0
        ? mutated(
            sample[file],
            random,
            corpus.map((other) => other[file]),
          )
        : utf8(mutatedText(textOf(sample[file]), random, words)),
  });

const tables = [
  "id,split,x,y,label\n0,train,0.5,-1e3,cat\n1,train,.25,2,dog\n0,test,1,2,cat\n",
  '\ufeffid,split,"x",y,label\r\n7,train,1,2,"a ""b"""\r\n8,test,3,4,"c,\r\nd"\r\n9,train,5,6,e',
];

/** `data/csv`. */
export const csvReader: Reader = {
  name: "CSV examples",
  corpus: async () => tables.map((text): Sample => ({ "examples.csv": utf8(text) })),
  mutate: change("examples.csv"),
  read: (folder) =>
    readByStage(csv, { path: "examples.csv", label: "label", id: "id", split: "split" }, folder),
};

const options = { path: "labels.csv", splitColumn: "split" };

/** `labels/from-file`. */
export const labelsReader: Reader = {
  name: "CSV labels",
  corpus: async () => [{ "labels.csv": utf8("id,split,label\n0,train,1\n1,train,0\n0,test,2\n") }],
  mutate: change("labels.csv"),
  read: async (folder) => {
    const given = optionsOf(labelsFromFile, options) as never;
    const labels = await readLabels(`${folder}/labels.csv`, given, "stages.fuzz.with");
    const odd = labels.find(({ id, label }) => !(id >= 0 && id < 2 ** 31) || label.trim() === "");
    return odd === undefined ? undefined : `row ${JSON.stringify(odd)}`;
  },
};
