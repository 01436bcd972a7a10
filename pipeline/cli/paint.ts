/** How parts of a message are marked for people; each gives the text back as it shows. */
export interface Paint {
  /** The word that says an error is one, and the caret below its place. */
  error(text: string): string;
  /** The same of a warning. */
  warning(text: string): string;
  /** A code, and the line a message is about. */
  strong(text: string): string;
  /** What stands around that. */
  faint(text: string): string;
}

const same = (text: string) => text;

export const plain: Paint = { error: same, warning: same, strong: same, faint: same };

const coded = (begin: number, end: number) => (text: string) =>
  text === "" ? "" : `\u001b[${begin}m${text}\u001b[${end}m`;

/** Red, yellow, bold and grey. */
export const coloured: Paint = {
  error: coded(31, 39),
  warning: coded(33, 39),
  strong: coded(1, 22),
  faint: coded(2, 22),
};

/**
 * Colours where a person looks: on a terminal that is not dumb, unless NO_COLOR says no. FORCE_COLOR decides for
 * everything else (0 and false: none), as it does for Node itself.
 */
export function paintFor(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const { FORCE_COLOR: forced, NO_COLOR: forbidden, TERM: terminal } = environment;
  if (forced !== undefined) return forced === "0" || forced === "false" ? plain : coloured;
  if (forbidden !== undefined && forbidden !== "") return plain;
  return isTTY === true && terminal !== "dumb" ? coloured : plain;
}
