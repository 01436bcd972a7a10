import { missing, numberText } from "../../../stages/sinks/numberText.js";
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
        textWidth(`${uses} · waiting`, smallSize) + 2 * padding,
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
  const stateOf = (name: string) => stages.find(({ stage }) => stage === name)?.state ?? "waiting";
  const states = head.stages.map(({ name }) => `${name} ${stateWord(stateOf(name))}`);
  const label = `The stages and their edges: ${states.join(", ")}. The table below has the edges in words`;
  const size = [number(width + 2 * margin), number(height + 2 * margin)];
  return html`<svg class="graph" width="${size[0]}" height="${size[1]}" viewBox="${-margin} ${-margin} ${size[0]} ${size[1]}" role="img" aria-label="${label}" text-anchor="middle">
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
  const state = stateOf(name);
  return html`<g class="stage ${state}"><rect x="${number(x)}" y="${number(y)}" width="${number(boxWidth)}" height="${boxHeight}" rx="7"/><text class="name" x="${middle}" y="${number(y + 20)}">${name}</text><text class="uses" x="${middle}" y="${number(y + 37)}">${uses} · ${stateWord(state)}</text></g>`;
})}
</svg>`;
}

const stateWord = (state: StageNow["state"]) => (state === "cancelled" ? "stopped" : state);

function edgeText({ table, delivery, depth, capacity, rate }: EdgeNow): string {
  if (delivery === "whole") return table;
  return `${table} ${depth}/${capacity}${rate > 0 ? ` ${numberText(rate, 2)}/s` : ""}`;
}

/** The edges in words and numbers; whole ones hold nothing, so they have none. */
export function edgeTable(edges: readonly EdgeNow[]): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Edges"><table>
<caption class="unseen">Edges: batches held, sent and dropped</caption>
<thead><tr><th scope="col">edge</th><th scope="col">table</th><th scope="col">depth</th><th scope="col">most</th><th scope="col">capacity</th><th scope="col">batches/s</th><th scope="col">sent</th><th scope="col">waits</th><th scope="col">drops</th><th scope="col">when full</th></tr></thead>
<tbody>
${edges.map(
  (edge) =>
    html`<tr><th scope="row">${edge.from.stage}.${edge.from.port} → ${edge.to.stage}</th><td>${edge.table}</td>${cellsOf(edge).map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
)}</tbody></table></div>`;
}

function cellsOf({ delivery, policy, ...edge }: EdgeNow): readonly string[] {
  const { depth, maximumDepth, capacity, rate, sent, waits, drops } = edge;
  const numbers = [depth, maximumDepth, capacity, rate, sent, waits, drops];
  if (delivery === "whole") return [...numbers.map(() => missing), "whole"];
  return [...numbers.map((value) => numberText(value)), policy];
}
