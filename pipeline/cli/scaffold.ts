import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, parse, relative, sep } from "node:path";
import { scaffoldErrors } from "../../schemas/errors/scaffold.js";

const house = dirname(createRequire(import.meta.url).resolve("jacoflow/package.json"));

/** What `jacoflow new` can write: the folders of examples/templates. */
export const templates = ["pipeline", "plugin"] as const;
export type TemplateName = (typeof templates)[number];

/** A file to be written: its path below the target folder, and its text. */
interface NewFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Writes the files of a template into `folder`, with `name` for its name; resolves to their paths below `folder`.
 * Throws ALREADY_THERE, and writes nothing, when one of them exists; FOLDER_NOT_WRITABLE.
 */
export async function scaffold(
  template: TemplateName,
  name: string,
  folder: string,
): Promise<readonly string[]> {
  const files = await filesOf(template, wordsFor(name, folder));
  for (const { path } of files) {
    if (existsSync(join(folder, path))) throw scaffoldErrors.alreadyThere(join(folder, path));
  }
  try {
    for (const { path, text } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text, { flag: "wx" });
    }
  } catch (error) {
    throw scaffoldErrors.folderNotWritable(folder, (error as Error).message);
  }
  return files.map(({ path }) => path);
}

/** What stands in a template for what only the place and the name tell. */
function wordsFor(name: string, folder: string): ReadonlyMap<string, string> {
  const installed = installedIn(folder);
  const slashes = (path: string) => path.split(sep).join("/");
  return new Map([
    ["template-name", name],
    ["template-schema", slashes(join(installed ?? house, "schemas/pipeline.schema.json"))],
    // The copy that is there serves the plugin as well; without one, npm asks the registry.
    ["template-jacoflow", installed === undefined ? "*" : `file:${slashes(installed)}`],
  ]);
}

/** The jacoflow that a program in `folder` would import, relative to it; undefined where there is none. */
function installedIn(folder: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const candidate = join(above, "node_modules/jacoflow");
    if (existsSync(join(candidate, "package.json"))) {
      const path = relative(folder, candidate);
      return path.startsWith("..") ? path : `./${path}`;
    }
    if (above === parse(above).root) return undefined;
  }
}

async function filesOf(
  template: TemplateName,
  words: ReadonlyMap<string, string>,
): Promise<readonly NewFile[]> {
  const root = join(house, "examples/templates", template);
  const fill = (text: string) =>
    [...words].reduce((filled, [word, value]) => filled.replaceAll(word, value), text);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
  return Promise.all(
    paths.map(async (path) => ({
      // npm leaves files of this name out of packages.
      path: fill(path).replace(/^gitignore$/, ".gitignore"),
      text: fill(await readFile(join(root, path), "utf8")),
    })),
  );
}
