import type { ResolvedPipeline, Wire } from "../resolved.js";
import { curveOf, number, tipOf } from "./curve.js";
import { boxHeight, labelHeight, layOut, type Point, type Rectangle, widthForPorts } from "./layout.js";
import { textWidth } from "./textWidth.js";

type Drawn = Pick<ResolvedPipeline, "name" | "wires"> & {
  readonly stages: readonly { readonly name: string; readonly uses: string }[];
};

/** What an edge does with what it is sent. */
type Kind = "stream" | "whole" | "lossy";

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly kind: Kind;
  readonly label: string;
}

const kinds: Readonly<
  Record<Kind, { readonly colour: string; readonly dash: string; readonly meaning: string }>
> = {
  stream: { colour: "#475569", dash: "", meaning: "batch by batch" },
  whole: { colour: "#1d4ed8", dash: "7 4", meaning: "gathered whole before the stage starts" },
  lossy: { colour: "#b45309", dash: "2 4", meaning: "may drop batches" },
};

/** Of the bar on a box, by family; other families take turns. */
const familyColours = [
  "#0f766e",
  "#b45309",
  "#4338ca",
  "#be123c",
  "#7e22ce",
  "#15803d",
  "#0369a1",
  "#525252",
];
const families = ["data", "labels", "network", "train", "jacobian", "metrics", "theory", "sink"];

const margin = 20;
const nameSize = 14;
const usesSize = 12;
const labelSize = 12;
const padding = 16;
const legendHeight = 22;

const kindOf = (wire: Wire): Kind =>
  wire.delivery === "whole" ? "whole" : wire.policy === "block" ? "stream" : "lossy";
const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** The pipeline as a picture, the same bytes every time: stages as boxes from top to bottom, tables on the edges. */
export function drawSvg(pipeline: Drawn): string {
  const edges = edgesOf(pipeline);
  const ports = (box: number) =>
    Math.max(edges.filter(({ from }) => from === box).length, edges.filter(({ to }) => to === box).length);
  const { width, height, boxes, labels, lines } = layOut({
    boxes: pipeline.stages.map(({ name, uses }, box) =>
      Math.max(
        textWidth(name, nameSize) + 2 * padding,
        textWidth(uses, usesSize) + 2 * padding,
        widthForPorts(ports(box)),
      ),
    ),
    edges: edges.map((edge) => ({ ...edge, labelWidth: textWidth(edge.label, labelSize) + 8 })),
  });
  const shown = (Object.keys(kinds) as Kind[]).filter((kind) => edges.some((edge) => edge.kind === kind));
  const legend = legendOf(shown, height + margin);
  const whole = {
    width: Math.max(width, legend.width) + 2 * margin,
    height: height + legend.height + 2 * margin,
  };
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${number(whole.width)}" height="${number(whole.height)}" viewBox="${-margin} ${-margin} ${number(whole.width)} ${number(whole.height)}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif" text-anchor="middle">`,
    `<title>${escaped(pipeline.name)}</title>`,
    `<rect x="${-margin}" y="${-margin}" width="100%" height="100%" fill="#ffffff"/>`,
    ...edges.map(({ kind }, edge) => lineOf(lines[edge], kind)),
    ...edges.map(({ kind, label }, edge) => labelOf(labels[edge], kind, label)),
    ...pipeline.stages.map((stage, box) => boxOf(boxes[box], stage)),
    ...legend.lines,
    "</svg>",
  ].join("\n")}\n`;
}

/** Wires of one kind between the same two stages are one edge; its label names their tables. */
function edgesOf({ stages, wires }: Drawn): readonly Edge[] {
  const index = new Map(stages.map(({ name }, box) => [name, box]));
  const edges = new Map<string, { from: number; to: number; kind: Kind; labels: Set<string> }>();
  for (const wire of wires) {
    const [from, to] = [index.get(wire.from.stage)!, index.get(wire.to.stage)!];
    const kind = kindOf(wire);
    const label = kind === "lossy" ? `${wire.table} (${wire.policy}, ${wire.capacity})` : wire.table;
    const key = `${from} ${to} ${kind}`;
    const edge = edges.get(key) ?? { from, to, kind, labels: new Set() };
    edge.labels.add(label);
    edges.set(key, edge);
  }
  return [...edges.values()].map(({ labels, ...edge }) => ({ ...edge, label: [...labels].join(", ") }));
}

function lineOf(points: readonly Point[], kind: Kind): string {
  const { colour, dash } = kinds[kind];
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return [
    `<path d="${curveOf(points)}" fill="none" stroke="${colour}" stroke-width="1.4"${dashes}/>`,
    `<path d="${tipOf(points)}" fill="${colour}"/>`,
  ].join("");
}

function labelOf({ x, y, width, height }: Rectangle, kind: Kind, label: string): string {
  return [
    `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="#ffffff"/>`,
    `<text x="${number(x + width / 2)}" y="${number(y + labelHeight - 5)}" font-size="${labelSize}" fill="${kinds[kind].colour}">${escaped(label)}</text>`,
  ].join("");
}

function boxOf({ x, y, width }: Rectangle, { name, uses }: Drawn["stages"][number]): string {
  const family = uses.split("/")[0];
  const known = families.indexOf(family);
  const turn = [...family].reduce((total, character) => total + character.charCodeAt(0), 0);
  const colour = familyColours[known >= 0 ? known : turn % familyColours.length];
  const middle = number(x + width / 2);
  return [
    `<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${boxHeight}" rx="7" fill="#f8fafc" stroke="${colour}" stroke-width="1.5"/>`,
    `<text x="${middle}" y="${number(y + 20)}" font-size="${nameSize}" font-weight="600" fill="#0f172a">${escaped(name)}</text>`,
    `<text x="${middle}" y="${number(y + 37)}" font-size="${usesSize}" fill="${colour}">${escaped(uses)}</text>`,
  ].join("");
}

/** What the lines mean, below the picture. */
function legendOf(
  shown: readonly Kind[],
  top: number,
): { readonly width: number; readonly height: number; readonly lines: readonly string[] } {
  const lines = shown.map((kind, index) => {
    const { colour, dash, meaning } = kinds[kind];
    const y = top + index * legendHeight + legendHeight / 2;
    return [
      `<path d="M0 ${number(y)}H34" stroke="${colour}" stroke-width="1.4"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}/>`,
      `<text x="44" y="${number(y + 4)}" font-size="${labelSize}" fill="#334155" text-anchor="start">${meaning}</text>`,
    ].join("");
  });
  const width = Math.max(0, ...shown.map((kind) => 44 + textWidth(kinds[kind].meaning, labelSize)));
  return { width, height: shown.length === 0 ? 0 : margin + shown.length * legendHeight, lines };
}
