/** What of a schema says how to try its options. */
export interface OptionSchemas {
  readonly properties?: Readonly<
    Record<string, { readonly examples?: readonly unknown[]; readonly default?: unknown }>
  >;
  readonly required?: readonly string[];
}

/** Options for a trial: the first example of each that has no default and has to be given. */
export function exampleOptions({ properties = {}, required = [] }: OptionSchemas) {
  return Object.fromEntries(
    required
      .filter((name) => properties[name].default === undefined && properties[name].examples !== undefined)
      .map((name) => [name, properties[name].examples?.[0]]),
  ) as Readonly<Record<string, unknown>>;
}
