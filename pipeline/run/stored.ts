import type { Wire } from "../graph/resolved.js";

/**
 * The blocking edges whose batches must wait in a store until their reader starts. A stage with a whole input starts
 * when that is complete; until then its stream edges would fill and make their senders wait, and if the whole input
 * needs one of these to go on, directly or through others, nothing would ever move.
 *
 * A stage that waits to send holds up those that read from it, and those it reads from by blocking streams.
 */
export function wiresToStore(wires: readonly Wire[]): ReadonlySet<Wire> {
  const blocks = (wire: Wire) => wire.delivery === "stream" && wire.policy === "block";
  const stored = new Set<Wire>();
  for (const wire of wires.filter(blocks)) {
    const reader = wire.to.stage;
    const wanted = wires
      .filter((other) => other.to.stage === reader && other.delivery === "whole")
      .map((other) => other.from.stage);
    if (wanted.length === 0) continue;
    const heldUp = new Set([wire.from.stage]);
    for (const stage of heldUp) {
      for (const other of wires) {
        if (other.from.stage === stage && other.to.stage !== reader) heldUp.add(other.to.stage);
        if (other.to.stage === stage && blocks(other)) heldUp.add(other.from.stage);
      }
    }
    if (wanted.some((stage) => heldUp.has(stage))) stored.add(wire);
  }
  return stored;
}
