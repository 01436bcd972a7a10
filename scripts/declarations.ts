import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A declaration of a module as the compiler wrote it, without comments. */
export interface Declaration {
  readonly name: string;
  /** Absolute path of its `.d.ts`. */
  readonly file: string;
  readonly text: string;
}

interface Binding {
  readonly file: string;
  readonly name: string;
}

interface Module {
  readonly declared: ReadonlyMap<string, string>;
  /** What other files of ours are called here, imported or exported again. */
  readonly bound: ReadonlyMap<string, Binding>;
  /** The names it exports, its own and those under `export { … } from`, in the order of the alphabet. */
  readonly exported: readonly string[];
}

const declaring =
  /^(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const|let|enum) (\w+)/;
const listing = /^(import|export) (?:type )?\{([^}]*)\}(?: from "([^"]+)")?;$/;
const inlineImport = /import\("(\.[^"]+)"\)\.(\w+)/g;

/** Statements of a file the compiler wrote: each ends in the first column, by `;` or the bracket of an interface. */
function statementsOf(text: string): readonly string[] {
  const statements: string[] = [];
  let lines: string[] = [];
  for (const line of text.replaceAll(/^[ \t]*\/\*\*[\s\S]*?\*\/\n/gm, "").split("\n")) {
    if (line.trim() === "" || line.startsWith("//")) continue;
    lines.push(line);
    if (!/^\s/.test(line) && (line.endsWith(";") || line === "}")) {
      statements.push(lines.join("\n"));
      lines = [];
    }
  }
  if (lines.length > 0) throw new Error(`a declaration has no end: ${lines[0]}`);
  return statements;
}

function fileOf(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  const file = join(dirname(from), specifier.replace(/\.js$/, ".d.ts"));
  if (!existsSync(file)) throw new Error(`${from} speaks of ${specifier}, whose declarations are not there`);
  return file;
}

function readModule(file: string): Module {
  const declared = new Map<string, string>();
  const bound = new Map<string, Binding>();
  const exported = new Set<string>();
  for (const statement of statementsOf(readFileSync(file, "utf8"))) {
    const name = declaring.exec(statement)?.[1];
    if (name !== undefined) {
      const before = declared.get(name);
      declared.set(name, before === undefined ? statement : `${before}\n${statement}`);
      if (statement.startsWith("export ")) exported.add(name);
      continue;
    }
    const [, word, list, specifier] = listing.exec(statement) ?? [];
    if (list === undefined) {
      if (/^(import|export) (\*|type \*|default)|^import "/.test(statement)) {
        throw new Error(`${file} has a form of statement this script does not read: ${statement}`);
      }
      continue;
    }
    const from = specifier === undefined ? undefined : fileOf(file, specifier);
    for (const item of list.split(",").map((part) => part.trim().replace(/^type /, ""))) {
      if (item === "") continue;
      const [theirs, ours = theirs] = item.split(" as ");
      if (from !== undefined) bound.set(ours, { file: from, name: theirs });
      if (word === "export" && specifier !== undefined) exported.add(ours);
    }
  }
  return { declared, bound, exported: [...exported].sort() };
}

/** Declarations an entry of the package shows, and those of the house that these speak of. */
export interface PublicApi {
  readonly exported: readonly Declaration[];
  readonly mentioned: readonly Declaration[];
}

/**
 * What the built declarations of an entry hold, names sorted. Throws on a statement in a form the compiler did not
 * write when this was made: nothing is passed over.
 *
 * @param entry absolute path of a `.d.ts`
 */
export function publicApi(entry: string): PublicApi {
  const modules = new Map<string, Module>();
  const moduleOf = (file: string) => {
    const module = modules.get(file) ?? readModule(file);
    modules.set(file, module);
    return module;
  };
  /** Undefined for what a package outside or the language declares. */
  const find = ({ file, name }: Binding): Declaration | undefined => {
    const { declared, bound } = moduleOf(file);
    const text = declared.get(name);
    if (text !== undefined) return { name, file, text };
    const elsewhere = bound.get(name);
    return elsewhere === undefined ? undefined : find(elsewhere);
  };

  const exported = moduleOf(entry).exported.map((name) => {
    const found = find({ file: entry, name });
    if (found === undefined) throw new Error(`${entry} exports ${name}, which nothing declares`);
    if (found.name !== name) throw new Error(`${entry} exports ${found.name} under another name, ${name}`);
    return found;
  });
  const seen = new Map(exported.map((declaration) => [key(declaration), declaration]));
  const mentioned: Declaration[] = [];
  for (const declaration of seen.values()) {
    for (const binding of mentionsOf(declaration)) {
      const found = find(binding);
      if (found === undefined || seen.has(key(found))) continue;
      seen.set(key(found), found);
      mentioned.push(found);
    }
  }
  mentioned.sort((left, right) => (key(left) < key(right) ? -1 : 1));
  return { exported, mentioned };
}

const key = ({ name, file }: Binding) => `${name} ${file}`;

/** Every word of a declaration that may be another's name. */
function mentionsOf({ file, text }: Declaration): readonly Binding[] {
  const inline = [...text.matchAll(inlineImport)].map(([, specifier, name]) => ({
    file: fileOf(file, specifier) as string,
    name,
  }));
  const words = text
    .replaceAll(inlineImport, "")
    .replaceAll(/"[^"]*"/g, "")
    .matchAll(/(?<![.\w])[A-Za-z_]\w*(?!\w*\??:)/g);
  return [...inline, ...[...words].map(([name]) => ({ file, name }))];
}

/** A declaration as the report shows it: where the compiler found a name is not part of the API. */
export const shown = ({ text }: Declaration): string =>
  text.replaceAll(inlineImport, "$2").replaceAll(/^export (?:declare )?|^declare /gm, "");
