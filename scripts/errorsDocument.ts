import { existsSync, readdirSync, readFileSync } from "node:fs";
import { type ErrorKind, JacoflowError } from "../schemas/errors/error.js";
import { placeholder } from "./placeholder.js";

const root = new URL("../", import.meta.url);

/** Files of messages: the house's own, or those of the plugins that come with it. */
const house = readdirSync(new URL("schemas/errors/", root))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => `schemas/errors/${name}`);
const plugins = readdirSync(new URL("plugins/", root))
  .map((name) => ({ name, file: `plugins/${name}/src/errors.ts` }))
  .filter(({ file }) => existsSync(new URL(file, root)));

/** One way an error is made: the words around what it is told, which stands as ‹name›. */
interface Form {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly remedy: string;
  /** What the factory's docstring adds. */
  readonly note: string;
}

interface Section {
  readonly title: string;
  readonly forms: readonly Form[];
}

/** From what a user meets first to what is found when a run is under way; sections not listed come before the last. */
const order = [
  "The command line",
  "The form of a pipeline file",
  "How stages are wired",
  "What a pipeline file needs of the world around it",
  "What is right but probably not meant",
];
const last = "A run";

const ends: Readonly<Record<ErrorKind, string>> = {
  "command-line": "2",
  invalid: "78",
  run: "1",
};

const sentence = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}`;

/** The docstring right above a declaration, as one line; empty where there is none. */
function docstringOf(source: string, declaration: string): string {
  const at = source.search(new RegExp(`^\\s*${declaration}`, "m"));
  const found = at < 0 ? null : /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(source.slice(0, at));
  return found === null
    ? ""
    : found[1]
        .split("\n")
        .map((line) => line.replace(/^\s*\*? ?/, "").trim())
        .join(" ")
        .trim();
}

function formOf(source: string, name: string, factory: (...given: readonly unknown[]) => unknown): Form {
  // Parameters keep their names at run time, and those say what stands in their place.
  const names = String(factory)
    .split("=>")[0]
    .replaceAll(/[()\s]/g, "")
    .split(",")
    .filter((name) => name !== "");
  const error = factory(...names.map(placeholder));
  if (!(error instanceof JacoflowError)) throw new Error(`${name} makes no JacoflowError`);
  const readable = (text: string) =>
    text
      .replaceAll(/\b(?:NaN|undefined)(?:×NaN)*\b/g, "…")
      .replaceAll(/…(?:, | → )…(?: \(… in all\))?/g, "…")
      .replaceAll(/\n\s*/g, ": ");
  return {
    code: error.code,
    kind: error.kind,
    message: readable(error.message),
    remedy: readable(error.remedy ?? ""),
    note: docstringOf(source, `${name}:`),
  };
}

/** A section for each object of factories that a file of messages exports; each factory is called once. */
async function sectionsOf(file: string): Promise<readonly Section[]> {
  const source = readFileSync(new URL(file, root), "utf8");
  const exported = (await import(new URL(file, root).href)) as Readonly<Record<string, unknown>>;
  return Object.entries(exported).flatMap(([name, group]) => {
    if (typeof group !== "object" || group === null) return [];
    const title = docstringOf(source, `export const ${name} `)
      .replace(/^Messages (?:about|of) /, "")
      .split(". ")[0]
      .replace(/\.$/, "");
    if (title === "") throw new Error(`${name} of ${file} has no docstring`);
    const forms = Object.entries(group).map(([key, factory]) => formOf(source, key, factory));
    return [{ title: sentence(title), forms }];
  });
}

/** Every error of the house by section, then those of each first-party plugin. */
export async function errorSections(): Promise<readonly Section[]> {
  const sections = (await Promise.all(house.map(sectionsOf))).flat();
  const place = ({ title }: Section) => {
    const at = order.findIndex((start) => title.startsWith(start));
    return at >= 0 ? at : title === last ? order.length + 1 : order.length;
  };
  const ofPlugins = plugins.map(async ({ name, file }) =>
    (await sectionsOf(file)).map((section) => ({ ...section, title: `Plugin ${name}: ${section.title}` })),
  );
  return [
    ...sections.sort((left, right) => place(left) - place(right) || (left.title < right.title ? -1 : 1)),
    ...(await Promise.all(ofPlugins)).flat(),
  ];
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** A code once, with all its forms; it stands in the first section that has it. */
function rowsOf(code: string, forms: readonly Form[]): string {
  const lines = (texts: readonly string[]) => [...new Set(texts)].filter((text) => text !== "").join("<br>");
  const said = forms.map(({ message, note }) =>
    note === "" ? cell(message) : `${cell(message)} (${cell(note.replace(/\.$/, ""))})`,
  );
  const exits = [...new Set(forms.map(({ kind }) => ends[kind]))].join(", ");
  return `| \`${code}\` | ${lines(said)} | ${lines(forms.map(({ remedy }) => cell(remedy)))} | ${exits} |`;
}

/** The text of docs/errors.md: what every error says and what to do about it. */
export async function errorsDocument(): Promise<string> {
  const sections = await errorSections();
  const all = sections.flatMap(({ forms }) => forms);
  const told = new Set<string>();
  const parts = sections.map(({ title, forms }) => {
    const codes = [...new Set(forms.map(({ code }) => code))].filter((code) => !told.has(code)).sort();
    for (const code of codes) told.add(code);
    if (codes.length === 0) return "";
    const rows = codes.map((code) =>
      rowsOf(
        code,
        all.filter((form) => form.code === code),
      ),
    );
    return [
      `## ${title}`,
      "",
      "| code | what it says | what to do | exit |",
      "|---|---|---|---|",
      ...rows,
    ].join("\n");
  });
  const head = [
    "# Errors",
    "",
    "Every error and warning of jacoflow has a code that stays the same between versions. Made from the messages in",
    "`schemas/errors/`, and of the plugins of this repository, by `npm run documents`; do not edit. What a message is told",
    "stands as ‹name›, lists and numbers as …; where a name was mistyped, the nearest right one is named as well. *exit* is",
    "the exit code: 2 the command line, 78 what `jacoflow validate` can find, 1 while running. A warning alone ends nothing,",
    "unless `--deny-warnings` was given.",
  ];
  return `${[head.join("\n"), ...parts.filter((part) => part !== "")].join("\n\n")}\n`;
}
