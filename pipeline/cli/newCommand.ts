import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { scaffoldErrors } from "../../schemas/errors/scaffold.js";
import { scaffold, type TemplateName, templates } from "./scaffold.js";
import type { Terminal } from "./terminal.js";

/** What the command line says about something new, as yargs hands it over. */
export interface NewFlags {
  readonly kind: string;
  readonly name?: string | undefined;
}

/** Where a template goes, seen from the working folder, and what to call next. */
interface Placement {
  readonly folder: (name: string) => string;
  readonly next: (name: string) => readonly string[];
}

const placements: Readonly<Record<TemplateName, Placement>> = {
  pipeline: {
    folder: () => ".",
    next: (name) => [`npx jacoflow validate ${name}.yaml`, `npx jacoflow run ${name}.yaml`],
  },
  plugin: {
    folder: (name) => `jacoflow-plugin-${name}`,
    next: (name) => [
      `cd jacoflow-plugin-${name}`,
      "npm install",
      "npm test",
      `npx jacoflow run ${name}.yaml`,
    ],
  },
};

/** Writes a pipeline file or a plugin to start from; says on stderr what to call next, and on stdout what was written. */
export async function newCommand(flags: NewFlags, terminal: Terminal): Promise<number> {
  const kind = templates.find((known) => known === flags.kind);
  if (kind === undefined) throw scaffoldErrors.unknownTemplate(flags.kind, templates);
  const name =
    kind === "pipeline" ? (flags.name ?? "pipeline") : flags.name?.replace(/^jacoflow-plugin-/, "");
  if (name === undefined) throw scaffoldErrors.missingName(kind);
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 64) {
    throw scaffoldErrors.badName(kind, name);
  }
  const { folder, next } = placements[kind];
  if (folder(name) !== "." && existsSync(folder(name))) throw scaffoldErrors.alreadyThere(folder(name));
  const written = await scaffold(kind, name, resolve(folder(name)));
  for (const path of written) terminal.out(`${folder(name) === "." ? "" : `${folder(name)}/`}${path}\n`);
  terminal.talk(
    `\nNext:\n${next(name)
      .map((command) => `  ${command}\n`)
      .join("")}`,
  );
  return 0;
}
