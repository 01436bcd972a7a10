import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

/** Names in quotation marks. */
export const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(", ");

/** Names a message lists at most; a file may have thousands. */
const listLimit = 24;

/** Names one after the other, the first ones of very many. */
export const listed = (names: readonly string[], separator = ", "): string =>
  names.length <= listLimit
    ? names.join(separator)
    : `${names.slice(0, listLimit).join(separator)}${separator}… (${names.length} in all)`;

/** What to do, with the name that was probably meant. */
export interface Remedy {
  readonly remedy: string;
  readonly suggestion?: string;
}

/** "Did you mean …?" and the list of what there is, or what to say when there is nothing. */
export const choose = (word: string, known: readonly string[], none: string): Remedy => {
  if (known.length === 0) return { remedy: none };
  const close = nearest(word, known);
  const list = known.length > listLimit ? "" : `There ${known.length === 1 ? "is" : "are"} ${quoted(known)}.`;
  return close === undefined
    ? { remedy: list === "" ? none : list }
    : { remedy: `Did you mean "${close}"? ${list}`.trim(), suggestion: close };
};

/** A value as a message shows it, cut when long. */
export const text = (value: unknown): string => {
  // JSON has no word for these.
  const written = Number.isFinite(value) || typeof value !== "number" ? JSON.stringify(value) : String(value);
  return cut(written ?? String(value));
};

const cut = (written: string) => (written.length > 60 ? `${written.slice(0, 57)}...` : written);

/** What looks like a space and is none to YAML. */
export const strangeSpace = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]/u;

/** `U+00A0` */
export const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** What to do about a text that was meant for a map or a list and lacks a space: `fraction:0.5`, `-noise`. */
export function missingSpace(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const strange = strangeSpace.exec(value);
  if (strange !== null) return `Write a plain space: ${codePoint(strange[0])} in it is none.`;
  const dash = /^-(\S+)/.exec(value);
  if (dash !== null) return `Write \`- ${dash[1]}\`, with a space after the dash.`;
  const entry = /^([\w.-]+)(?::| *= *)([^\s/=].*)$/.exec(value);
  return entry === null ? undefined : `Write \`${entry[1]}: ${entry[2]}\`, with a space after the colon.`;
}

/** What went wrong below, in its own words. */
export const reason = (cause: unknown) => (cause instanceof Error ? cause.message : String(cause));

/** An error that `validate` finds. */
export const invalid = (
  code: string,
  message: string,
  place: string,
  value: unknown,
  remedy: string | Remedy,
) =>
  new JacoflowError({
    code,
    kind: "invalid",
    message,
    place,
    value,
    ...(typeof remedy === "string" ? { remedy } : remedy),
  });
