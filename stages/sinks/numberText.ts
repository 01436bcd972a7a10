/** Stands for a value that is not there or not a number. */
export const missing = "–";

/**
 * A number for people, in three digits after its zeros by default: `0.0913`, `183`, `1.23e-7`, `12,345`; whole numbers
 * up to a million in full. NaN and undefined are `–`, infinities `∞` and `−∞`.
 */
export function numberText(value: number | undefined, digits = 3): string {
  if (value === undefined || Number.isNaN(value)) return missing;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return signed(value.toExponential(digits - 1));
  if (Number.isInteger(value) || size >= 1000) return signed(grouped(String(Math.round(value))));
  return signed(String(Number(value.toPrecision(digits))));
}

/** A share or ratio with three decimals, so that columns of them line up. */
export function ratioText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return numberText(value);
  return signed(value.toFixed(3));
}

/** `12 %`, or `0.4 %` below ten. */
export function percentText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return missing;
  const percent = value * 100;
  return `${signed(percent !== 0 && Math.abs(percent) < 9.95 ? percent.toFixed(1) : percent.toFixed(0))} %`;
}

function signed(text: string): string {
  const plain = text.replace(
    /e([+-])0*(\d)/,
    (_, sign: string, digit: string) => `e${sign === "+" ? "" : "-"}${digit}`,
  );
  return /^-0(\.0*)?$/.test(plain) ? plain.slice(1) : plain.replace(/^-/, "−");
}

function grouped(text: string): string {
  return text.replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
