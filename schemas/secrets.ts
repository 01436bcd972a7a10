/** A text that is never written, and the variable of the environment that holds it. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

const secretWords = /(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)/i;
/** Characters: shorter texts stand in too many words to be told apart from them. */
export const shortestSecret = 6;

/** Whether the name of a variable says that its value is secret: `API_KEY`, `HUB_TOKEN`, `DATABASE_PASSWORD`, … */
export const isSecretName = (name: string): boolean => secretWords.test(name);

/** The variables of an environment whose names say that they are secret; of those that are too short to be hidden, none. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): readonly Secret[] {
  return Object.entries(environment)
    .flatMap(([name, value]) =>
      isSecretName(name) && value !== undefined && value.length >= shortestSecret ? [{ name, value }] : [],
    )
    .sort((left, right) => right.value.length - left.value.length);
}

/** A text in which `${NAME}` stands for each secret, and for its forms within JSON and within an address. */
export function hideSecrets(text: string, secrets: readonly Secret[]): string {
  let hidden = text;
  for (const { name, value } of secrets) {
    // Half a surrogate pair, which has no form within an address, becomes what a decoder makes of it.
    const inAddress = encodeURIComponent(Buffer.from(value).toString());
    for (const form of [value, JSON.stringify(value).slice(1, -1), inAddress]) {
      if (hidden.includes(form)) hidden = hidden.replaceAll(form, () => `\${${name}}`);
    }
  }
  return hidden;
}

/** Plain data with `${NAME}` for each secret in its texts and keys. A secret of a file is a text, so numbers stay. */
export function withoutSecrets(value: unknown, secrets: readonly Secret[]): unknown {
  if (secrets.length === 0) return value;
  if (typeof value === "string") return hideSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets));
  if (Object.prototype.toString.call(value) !== "[object Object]") return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => [
      hideSecrets(key, secrets),
      withoutSecrets(inner, secrets),
    ]),
  );
}
