// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import fs, { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { withFolder } from "../../support/folder.js";
import { smallPipeline, writeStripes } from "../../support/smallPipeline.js";

const law = suite("what a pipeline file reads");
const { stages, engines } = composition();

interface Read {
  readonly codes: readonly string[];
  readonly messages: string;
  /** Absolute paths that were asked for in any way. */
  readonly paths: readonly string[];
  /** Names of the environment that were looked up. */
  readonly names: readonly string[];
}

const watched = ["open", "readFile", "readdir", "stat", "lstat", "access", "realpath", "opendir"] as const;
const watchedNow = [
  "openSync",
  "readFileSync",
  "readdirSync",
  "statSync",
  "existsSync",
  "createReadStream",
] as const;

/** Does some work and tells every path it handed to the file system. */
async function watching(work: () => Promise<void>): Promise<readonly string[]> {
  const paths: string[] = [];
  const restore: (() => void)[] = [];
  const watch = <Owner extends object>(owner: Owner, name: keyof Owner) => {
    const original = owner[name] as (...given: readonly unknown[]) => unknown;
    const spy = (...given: readonly unknown[]) => {
      paths.push(resolve(String(given[0])));
      return original.apply(owner, [...given]);
    };
    Object.assign(owner, { [name]: spy });
    restore.push(() => Object.assign(owner, { [name]: original }));
  };
  for (const name of watched) watch(fs.promises, name);
  for (const name of watchedNow) watch(fs, name);
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const undo of restore) undo();
    syncBuiltinESMExports();
  }
  return paths;
}

/** Loads a text as `main.yaml` of a folder, checks of the environment and all. */
async function read(
  folder: string,
  text: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Read> {
  const names: string[] = [];
  const asked = new Proxy(environment, {
    get: (target, name) => {
      names.push(String(name));
      return Reflect.get(target, name);
    },
    getOwnPropertyDescriptor: (target, name) => {
      names.push(String(name));
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys: () => {
      throw new Error("nobody lists the environment");
    },
  });
  const fetched = globalThis.fetch;
  globalThis.fetch = () => {
    throw new Error("nothing is fetched");
  };
  let thrown: unknown;
  try {
    const paths = await watching(async () => {
      await loadPipeline({
        ...{ text, file: join(folder, "main.yaml"), stages, engines, environment: asked, requireSink: true },
      }).catch((error) => {
        thrown = error;
      });
    });
    if (thrown !== undefined && !(thrown instanceof PipelineFileErrors)) throw thrown;
    const errors = thrown?.errors ?? [];
    return { codes: errors.map(({ code }) => code), messages: thrown?.message ?? "", paths, names };
  } finally {
    globalThis.fetch = fetched;
  }
}

const secret = "hunter2-of-the-neighbour";

/** A folder beside a neighbour's, with secrets. */
function inNeighbourhood(work: (folder: string, neighbour: string) => Promise<void>): Promise<void> {
  return withFolder(async (outer) => {
    const [folder, neighbour] = [join(outer, "mine"), join(outer, "neighbour")];
    for (const made of [folder, neighbour]) mkdirSync(made);
    writeFileSync(join(neighbour, "secret"), `${secret}\n`);
    writeFileSync(join(neighbour, "secret.yaml"), `password: ${secret}\n`);
    writeStripes(join(folder, "stripes"), 6, 3);
    await work(folder, neighbour);
  });
}

law("a right file reads the files its options name and what stands beside none of them", () =>
  inNeighbourhood(async (folder) => {
    writeFileSync(join(folder, "stripes", "unrelated"), secret);
    const { codes, paths, names } = await read(folder, smallPipeline());
    assert.equal(codes, []);
    assert.ok(paths.some((path) => path === join(folder, "stripes")));
    assert.equal(
      paths.filter((path) => !path.startsWith(join(folder, "stripes"))),
      [],
    );
    assert.not(paths.includes(join(folder, "stripes", "unrelated")));
    assert.equal(names, []);
  }),
);

law("of the environment it reads the variables it names, and no others", () =>
  inNeighbourhood(async (folder) => {
    const data = '{ uses: data/idx, with: { path: "${PLACE:x}", train: "${COUNT:6}" } }';
    const environment = { PLACE: "stripes", HOME: secret, TOKEN: secret };
    const { codes, names } = await read(folder, smallPipeline({ data }), environment);
    assert.equal(codes, []);
    assert.equal([...new Set(names)].sort(), ["COUNT", "PLACE"]);
  }),
);

for (const [what, base] of [
  ["a file of another kind, by ..", "../neighbour/secret"],
  ["a file of another kind through a link with the right name", "link.yaml"],
  ["the environment of the process", "/proc/self/environ"],
  ["passwords", "/etc/passwd"],
  ["a link of the system that leads to the environment", "/proc/self/root/proc/self/environ"],
  ["a home", "~/.ssh/id_rsa"],
  ["an address", "https://example.com/base.yaml"],
  ["an address of a file", "file:///etc/passwd"],
  ["a pattern", "../neighbour/*.yaml"],
  ["a variable of the environment", "${SECRET_PLACE}"],
  ["a folder", "../neighbour"],
  ["a prototype", "__proto__"],
] as const) {
  law(`extends: ${what} is refused, and nothing of it shown`, () =>
    inNeighbourhood(async (folder, neighbour) => {
      symlinkSync(join(neighbour, "secret"), join(folder, "link.yaml"));
      const { codes, messages, names } = await read(folder, `extends: "${base}"\n${smallPipeline()}`, {
        SECRET_PLACE: "../neighbour/secret.yaml",
      });
      assert.equal(codes.length, 1, messages);
      assert.match(codes[0], /^(BASE_NOT_READABLE|WRONG_FORM)$/);
      assert.not.match(messages, secret);
      assert.not.match(messages, /root:|PATH=/);
      assert.equal(names, []);
    }),
  );
}

for (const [what, path] of [
  ["~ is no home", "~/stripes"],
  ["an address is not fetched", "https://example.com/stripes"],
  ["a pattern is a name", "str*"],
  ["a variable of the shell is none of ours", "$HOME/stripes"],
  ["a command is a name", "$(cat ../neighbour/secret)"],
  ["a text with a null character names nothing", "stripes\\0"],
] as const) {
  law(`a path in options: ${what}`, () =>
    inNeighbourhood(async (folder) => {
      const data = `{ uses: data/idx, with: { path: "${path}" } }`;
      const { codes, messages, paths } = await read(folder, smallPipeline({ data }), { HOME: folder });
      assert.is(codes.length, 1, messages);
      assert.not.match(messages, secret);
      assert.equal(
        paths.filter((asked) => !asked.startsWith(folder)),
        [],
      );
    }),
  );
}

law("a path leads where it says, .. and links too, and its file is not quoted", () =>
  inNeighbourhood(async (folder, neighbour) => {
    writeFileSync(join(neighbour, "secret.parquet"), secret);
    symlinkSync(join(neighbour, "secret.parquet"), join(folder, "link.parquet"));
    for (const path of ["../neighbour/secret.parquet", "link.parquet", "${WHERE}/secret.parquet"]) {
      const data = `{ uses: data/table, with: { path: "${path}" } }`;
      const { codes, messages } = await read(folder, smallPipeline({ data }), { WHERE: "../neighbour" });
      assert.is(codes.length, 1);
      assert.not.match(messages, secret);
    }
  }),
);

law("what a value of the environment names inside itself is not looked up", () =>
  inNeighbourhood(async (folder) => {
    const data = '{ uses: data/idx, with: { path: "${PLACE}" } }';
    const { names } = await read(folder, smallPipeline({ data }), { PLACE: "${TOKEN}", TOKEN: secret });
    assert.equal([...new Set(names)], ["PLACE"]);
  }),
);

law.run();
