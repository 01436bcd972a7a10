import { hideSecrets, secretsIn } from "../../schemas/secrets.js";
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

/** stdout and stderr of this process, unless told otherwise; without the secrets of the environment. */
export function processTerminal(
  { out, talk, environment }: Streams = {
    out: process.stdout,
    talk: process.stderr,
    environment: process.env,
  },
): Terminal {
  const secrets = secretsIn(environment);
  // A number among numbers is no secret to tell apart, and data have to stay what they are.
  const words = secrets.filter(({ value }) => !/^[\d.]+$/.test(value));
  return {
    out: (text) => void out.write(hideSecrets(text, words)),
    talk: (text) => void talk.write(hideSecrets(text, secrets)),
    interactive: talk.isTTY === true,
    paint: paintFor(talk, environment),
    // A terminal that does not know its width says 0.
    columns: () => talk.columns || 80,
  };
}
