import { join } from "node:path";
import type { Split } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";

/** The two files of a split. */
export interface IdxFiles {
  readonly images: string;
  readonly labels: string;
}

/** `t10k` is MNIST's name of its 10,000 test images. */
const prefixes: Readonly<Record<Split, readonly string[]>> = { train: ["train"], test: ["t10k", "test"] };
const kinds = { images: "idx3", labels: "idx1" } as const;

/** Names a file may have, best first: MNIST's own, with a dot instead of a dash, each plain or gzipped. */
export function idxNames(split: Split, kind: keyof typeof kinds): readonly string[] {
  return prefixes[split].flatMap((prefix) =>
    ["-", "."].flatMap((mark) =>
      ["", ".gz"].map((ending) => `${prefix}-${kind}${mark}${kinds[kind]}-ubyte${ending}`),
    ),
  );
}

/** The files of a split among the names in a folder. Errors: DATA_FILE_MISSING naming what was looked for. */
export function findIdxFiles(
  folder: string,
  present: readonly string[],
  split: Split,
  place: string,
): IdxFiles {
  const find = (kind: keyof typeof kinds) => {
    const names = idxNames(split, kind);
    const name = names.find((candidate) => present.includes(candidate));
    if (name === undefined) throw dataErrors.missingFile(folder, `${split} ${kind}`, names, place);
    return join(folder, name);
  };
  return { images: find("images"), labels: find("labels") };
}
