/** What an input or an offer of a plan comes from. */
interface Originating {
  readonly origin: { readonly stage: string; readonly port: string };
}

/** Who sends what an input reads, as messages name it: `stage.port`. */
export function nameOf({ origin }: Originating): string {
  return `${origin.stage}.${origin.port}`;
}
