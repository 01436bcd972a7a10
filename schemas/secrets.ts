/** A text that is never written, and the variable of the environment that holds it. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

const secretWords = /(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)(_|$)/i;
/** Shorter texts stand in too many words to be told apart from them. */
const shortest = 6;

/** The variables of an environment whose names say that they are secret: `API_KEY`, `HUB_TOKEN`, `DATABASE_PASSWORD`, … */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): readonly Secret[] {
  return Object.entries(environment)
    .flatMap(([name, value]) =>
      secretWords.test(name) && value !== undefined && value.length >= shortest ? [{ name, value }] : [],
    )
    .sort((left, right) => right.value.length - left.value.length);
}

/** A text in which `${NAME}` stands for each secret, and for its form within JSON. */
export function hideSecrets(text: string, secrets: readonly Secret[]): string {
  let hidden = text;
  for (const { name, value } of secrets) {
    for (const form of [value, JSON.stringify(value).slice(1, -1)]) {
      if (hidden.includes(form)) hidden = hidden.replaceAll(form, () => `\${${name}}`);
    }
  }
  return hidden;
}

/** Plain data with `${NAME}` for each secret in its texts and keys, and for a number that is one. */
export function withoutSecrets(value: unknown, secrets: readonly Secret[]): unknown {
  if (secrets.length === 0) return value;
  if (typeof value === "string") return hideSecrets(value, secrets);
  if (typeof value === "number") {
    const secret = secrets.find((each) => each.value === String(value));
    return secret === undefined ? value : `\${${secret.name}}`;
  }
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, secrets));
  if (Object.prototype.toString.call(value) !== "[object Object]") return value;
  return Object.fromEntries(
    Object.entries(value as object).map(([key, inner]) => [
      hideSecrets(key, secrets),
      withoutSecrets(inner, secrets),
    ]),
  );
}
