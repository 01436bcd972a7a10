/** Where a command writes: data to `out`, everything said to people to `talk`. */
export interface Terminal {
  out(text: string): void;
  talk(text: string): void;
  /** Whether a person watches what is said, so that a line may be drawn over. */
  readonly interactive: boolean;
  /** Width in characters of what is said. */
  columns(): number;
}

/** stdout and stderr of this process. */
export function processTerminal(): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    talk: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
    // A terminal that does not know its width says 0.
    columns: () => process.stderr.columns || 80,
  };
}
