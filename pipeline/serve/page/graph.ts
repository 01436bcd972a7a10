import { numberText } from "../../../stages/sinks/numberText.js";
import { Html, html } from "../../../stages/sinks/report/html.js";
import { curveOf, number, tipOf } from "../../graph/picture/curve.js";
import { boxHeight, labelHeight, layOut, widthForPorts } from "../../graph/picture/layout.js";
import { textWidth } from "../../graph/picture/textWidth.js";
import type { EdgeNow, RunHead, StageNow } from "../protocol.js";

const margin = 12;
const padding = 14;
const nameSize = 14;
const smallSize = 12;

/** The graph of a run with the state of each stage, and the depth and rate of each edge. */
export function graphPicture(head: RunHead, stages: readonly StageNow[], edges: readonly EdgeNow[]): Html {
  const index = new Map(head.stages.map(({ name }, at) => [name, at]));
  const known = edges.filter(({ from, to }) => index.has(from.stage) && index.has(to.stage));
  if (known.length === 0) return new Html("");
  const ports = (box: number) =>
    Math.max(
      known.filter(({ from }) => index.get(from.stage) === box).length,
      known.filter(({ to }) => index.get(to.stage) === box).length,
    );
  // The labels keep their width while their numbers change, so the picture stands still.
  const { width, height, boxes, labels, lines } = layOut({
    boxes: head.stages.map(({ name, uses }, box) =>
      Math.max(
        textWidth(name, nameSize) + 2 * padding,
        textWidth(uses, smallSize) + 2 * padding,
        widthForPorts(ports(box)),
      ),
    ),
    edges: known.map((edge) => ({
      from: index.get(edge.from.stage)!,
      to: index.get(edge.to.stage)!,
      labelWidth:
        textWidth(edge.delivery === "whole" ? edge.table : `${edge.table} 88/88 888/s`, smallSize) + 8,
    })),
  });
  const kindOf = ({ delivery, policy }: EdgeNow) =>
    delivery === "whole" ? "whole" : policy === "block" ? "stream" : "lossy";
  const size = [number(width + 2 * margin), number(height + 2 * margin)];
  return html`<svg class="graph" width="${size[0]}" height="${size[1]}" viewBox="${-margin} ${-margin} ${size[0]} ${size[1]}" role="img" aria-label="The stages and their edges; the table below has the same in words" text-anchor="middle">
${known.map(
  (edge, at) =>
    html`<g class="edge ${kindOf(edge)}"><path class="line" d="${curveOf(lines[at])}"/><path class="tip" d="${tipOf(lines[at])}"/></g>`,
)}
${known.map((edge, at) => {
  const { x, y, width: labelWidth, height: labelBox } = labels[at];
  const full = edge.delivery === "stream" && edge.depth >= edge.capacity ? " full" : "";
  return html`<rect class="ground" x="${number(x)}" y="${number(y)}" width="${number(labelWidth)}" height="${number(labelBox)}"/><text class="label${full}" x="${number(x + labelWidth / 2)}" y="${number(y + labelHeight - 5)}">${edgeText(edge)}</text>`;
})}
${head.stages.map(({ name, uses }, at) => {
  const { x, y, width: boxWidth } = boxes[at];
  const middle = number(x + boxWidth / 2);
  const state = stages.find(({ stage }) => stage === name)?.state ?? "waiting";
  return html`<g class="stage ${state}"><rect x="${number(x)}" y="${number(y)}" width="${number(boxWidth)}" height="${boxHeight}" rx="7"/><text class="name" x="${middle}" y="${number(y + 20)}">${name}</text><text class="uses" x="${middle}" y="${number(y + 37)}">${uses}</text></g>`;
})}
</svg>`;
}

function edgeText({ table, delivery, depth, capacity, rate }: EdgeNow): string {
  if (delivery === "whole") return table;
  return `${table} ${depth}/${capacity}${rate > 0 ? ` ${numberText(rate, 2)}/s` : ""}`;
}

/** The edges in words and numbers. */
export function edgeTable(edges: readonly EdgeNow[]): Html {
  const streams = edges.filter(({ delivery }) => delivery === "stream");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Edges"><table>
<caption class="unseen">Edges: batches held, sent and dropped</caption>
<thead><tr><th scope="col">edge</th><th scope="col">table</th><th scope="col">depth</th><th scope="col">most</th><th scope="col">capacity</th><th scope="col">batches/s</th><th scope="col">sent</th><th scope="col">waits</th><th scope="col">drops</th><th scope="col">when full</th></tr></thead>
<tbody>
${streams.map(
  (edge) =>
    html`<tr><th scope="row">${edge.from.stage}.${edge.from.port} → ${edge.to.stage}</th><td>${edge.table}</td>${[
      edge.depth,
      edge.maximumDepth,
      edge.capacity,
    ].map((count) => html`<td>${count}</td>`)}<td>${numberText(edge.rate, 2)}</td>${[
      edge.sent,
      edge.waits,
      edge.drops,
    ].map((count) => html`<td>${numberText(count)}</td>`)}<td>${edge.policy}</td></tr>\n`,
)}</tbody></table></div>`;
}
