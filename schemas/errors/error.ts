/** How an error ends the process: design §6. `invalid` is anything `validate` can find, missing data included. */
export type ErrorKind = "command-line" | "invalid" | "run";

const exitCodes: Readonly<Record<ErrorKind, number>> = { "command-line": 2, invalid: 78, run: 1 };

/** What an error says. Every message of the house is made by a function of this folder that returns a {@link JacoflowError}. */
export interface ErrorFacts {
  /** Stable, UPPER_SNAKE, never reused for another meaning. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** One sentence: what is wrong, with the offending value in it. */
  readonly message: string;
  /** Where: `stages.train.with.epochs`, a file, a layer name. */
  readonly place?: string;
  /** The offending value itself. */
  readonly value?: unknown;
  /** What to do about it, as an imperative sentence. */
  readonly remedy?: string;
  /** What to write instead of the offending word, where it is known: the nearest valid name. Editors offer it. */
  readonly suggestion?: string;
  readonly cause?: unknown;
}

/** The text without characters that would command a terminal: what a file holds may stand in a message. */
export const printable = (text: string) =>
  text.replaceAll(/\p{Cc}/gu, (character) =>
    character === "\n" || character === "\t"
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** The one error class of the house. Anything else that reaches the top is a bug of ours. */
export class JacoflowError extends Error {
  readonly code: string;
  readonly kind: ErrorKind;
  readonly place: string | undefined;
  readonly value: unknown;
  readonly remedy: string | undefined;
  readonly suggestion: string | undefined;

  constructor(facts: ErrorFacts) {
    super(printable(facts.message), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = "JacoflowError";
    this.code = facts.code;
    this.kind = facts.kind;
    this.place = facts.place;
    this.value = facts.value;
    this.remedy = facts.remedy;
    this.suggestion = facts.suggestion;
  }

  /** Exit code of design §6: 2 command line, 78 invalid, 1 run time. */
  get exitCode(): number {
    return exitCodes[this.kind];
  }
}
