import { numberText } from "../../stages/sinks/numberText.js";

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of the sample; NaN for fewer than two. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return values.length < 2 ? Number.NaN : Math.sqrt(squares / (values.length - 1));
}

/** `0.371 ± 0.012`: mean and standard deviation over seeds; the value alone where there is one. */
export function spread(values: readonly (number | undefined)[], digits = 3): string {
  const known = values.filter((value) => value !== undefined && !Number.isNaN(value)) as number[];
  if (known.length === 0) return "–";
  const text = (value: number) => (Math.abs(value) < 10 ? value.toFixed(digits) : numberText(value));
  const wide = deviation(known);
  return Number.isNaN(wide) ? text(mean(known)) : `${text(mean(known))} ± ${text(wide)}`;
}

/** Half of the 95 % interval of a mean, by Student's t. */
export function confidence(values: readonly number[]): number {
  const quantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];
  const freedom = values.length - 1;
  const quantile = quantiles[freedom - 1] ?? 1.96;
  return (quantile * deviation(values)) / Math.sqrt(values.length);
}
