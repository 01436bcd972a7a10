import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publicApi, shown } from "./declarations.js";

const root = new URL("../", import.meta.url);

const block = (texts: readonly string[]) =>
  `<!-- not run: declarations alone -->\n\`\`\`ts\n${texts.join("\n\n")}\n\`\`\``;

/** What a program writes to import an entry of the package: `jacoflow/testing` for `./testing`. */
const specifierOf = (entry: string) => `jacoflow${entry.slice(1)}`;

function entriesOfPackage(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as {
    readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
  };
  return new Map(
    Object.entries(exports).flatMap(([entry, target]) =>
      typeof target === "string" ? [] : [[entry, fileURLToPath(new URL(target.types, root))]],
    ),
  );
}

/** The text of docs/api.md, from the declarations in dist/, which have to be built. */
export function apiDocument(): string {
  const parts = [...entriesOfPackage()].map(([entry, file]) => {
    const { exported, mentioned } = publicApi(file);
    const title = `## \`${specifierOf(entry)}\`\n\n${block(exported.map(shown))}`;
    if (mentioned.length === 0) return title;
    return `${title}\n\nWhat these speak of, and what cannot be imported by name:\n\n${block(mentioned.map(shown))}`;
  });
  return `# The public API

What programs and plugins may import, with its types; every other file of jacoflow is closed to them. Made from the
compiled declarations by \`npm run documents\`; do not edit. A test compares, so a change of the API is a change of this
page. What each is for stands in its docstring, which an editor shows.

${parts.join("\n\n")}
`;
}
