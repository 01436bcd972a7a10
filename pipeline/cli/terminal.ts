import { type Paint, paintFor } from "./paint.js";

/** Where a command writes: data to `out`, everything said to people to `talk`. */
export interface Terminal {
  out(text: string): void;
  talk(text: string): void;
  /** Whether a person watches what is said, so that a line may be drawn over. */
  readonly interactive: boolean;
  /** Of what is said. */
  readonly paint: Paint;
  /** Width in characters of what is said. */
  columns(): number;
}

/** What a terminal writes to. */
interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

interface Streams {
  readonly out: Stream;
  readonly talk: Stream;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** stdout and stderr of this process, unless told otherwise. */
export function processTerminal(
  { out, talk, environment }: Streams = {
    out: process.stdout,
    talk: process.stderr,
    environment: process.env,
  },
): Terminal {
  return {
    out: (text) => void out.write(text),
    talk: (text) => void talk.write(text),
    interactive: talk.isTTY === true,
    paint: paintFor(talk, environment),
    // A terminal that does not know its width says 0.
    columns: () => talk.columns || 80,
  };
}
