import type { Point } from "./layout.js";

const tip = 7;

/** A coordinate as text, to a tenth. */
export const number = (value: number): string => String(Math.round(value * 10) / 10);

/** The path of an edge through its points, as SVG writes it, up to its tip. */
export function curveOf(points: readonly Point[]): string {
  return points
    .map(({ x, y }, at) => {
      const to = at === points.length - 1 ? { x, y: y - tip } : { x, y };
      const place = `${number(to.x)} ${number(to.y)}`;
      if (at === 0) return `M${place}`;
      const before = points[at - 1];
      if (before.x === x) return `L${place}`;
      const middle = number((before.y + to.y) / 2);
      return `C${number(before.x)} ${middle} ${number(x)} ${middle} ${place}`;
    })
    .join("");
}

/** The tip at the end of an edge. */
export function tipOf(points: readonly Point[]): string {
  const { x, y } = points[points.length - 1];
  return `M${number(x)} ${number(y)}L${number(x - 4)} ${number(y - tip - 1)}L${number(x + 4)} ${number(y - tip - 1)}Z`;
}
