import type { ResolvedPipeline, Wire } from "./resolved.js";

const label = (wire: Wire) => {
  const edge =
    wire.delivery === "whole"
      ? " (whole)"
      : wire.policy === "block"
        ? ""
        : ` (${wire.policy}, ${wire.capacity})`;
  return `${wire.table}${edge}`;
};

const escapeDot = (text: string) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');

/** The pipeline as a Mermaid flowchart: stages as boxes, tables on the edges. */
export function drawMermaid(pipeline: Pick<ResolvedPipeline, "stages" | "wires">): string {
  // Node identifiers are numbered, for a stage may be called `end` or `graph`.
  const nodes = new Map(pipeline.stages.map((stage, index) => [stage.name, `s${index}`]));
  return [
    "flowchart LR",
    ...pipeline.stages.map((stage) => `  ${nodes.get(stage.name)}["${stage.name}<br/>${stage.uses}"]`),
    ...pipeline.wires.map(
      (wire) => `  ${nodes.get(wire.from.stage)} -->|"${label(wire)}"| ${nodes.get(wire.to.stage)}`,
    ),
    "",
  ].join("\n");
}

/** The pipeline for Graphviz: stages as boxes, tables on the edges. */
export function drawDot(pipeline: Pick<ResolvedPipeline, "name" | "stages" | "wires">): string {
  return [
    `digraph "${escapeDot(pipeline.name)}" {`,
    "  rankdir=LR;",
    "  node [shape=box];",
    ...pipeline.stages.map(
      (stage) =>
        `  "${escapeDot(stage.name)}" [label="${escapeDot(stage.name)}\\n${escapeDot(stage.uses)}"];`,
    ),
    ...pipeline.wires.map(
      (wire) =>
        `  "${escapeDot(wire.from.stage)}" -> "${escapeDot(wire.to.stage)}" [label="${escapeDot(label(wire))}"${wire.policy === "block" ? "" : ", style=dashed"}];`,
    ),
    "}",
    "",
  ].join("\n");
}
