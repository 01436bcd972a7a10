import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Policy, Wire } from "../../../pipeline/graph/resolved.js";
import { wiresToStore } from "../../../pipeline/run/stored.js";

const test = suite("pipeline/run/stored");

/** `a -> b` is a stream, `a => b` whole, `a ~> b` a lossy stream. */
function wires(...texts: readonly string[]): readonly Wire[] {
  return texts.map((text) => {
    const [from, arrow, to] = text.split(" ");
    return {
      from: { stage: from, port: "metrics" },
      to: { stage: to, port: arrow },
      table: "metrics",
      delivery: arrow === "=>" ? "whole" : "stream",
      capacity: 8,
      policy: (arrow === "~>" ? "latest" : "block") satisfies Policy,
    };
  });
}

const stored = (...texts: readonly string[]) =>
  [...wiresToStore(wires(...texts))].map(({ from, to }) => `${from.stage} ${to.stage}`);

test("nothing is stored when no stage waits for a whole table", () => {
  assert.equal(stored("a -> b", "a -> c", "b -> c"), []);
});

test("a sender whose other port is wanted whole is stored", () => {
  assert.equal(stored("a -> b", "a => b"), ["a b"]);
});

test("so is one that a stage on the way to the whole table reads from", () => {
  assert.equal(stored("a -> b", "a -> c", "c => b"), ["a b"]);
});

test("so is one that holds up a stage it reads from itself, by way of that one's other readers", () => {
  assert.equal(stored("a -> b", "b -> d", "a -> c", "c => d"), ["b d"]);
});

test("a whole table that is there before its reader's streams begin stores nothing", () => {
  assert.equal(stored("data => train", "data => project", "train -> project"), []);
});

test("a lossy edge makes nobody wait, so it is never stored", () => {
  assert.equal(stored("a ~> b", "a => b"), []);
});

test("two stages that wait for each other's senders are both stored", () => {
  assert.equal(stored("s -> one", "t => one", "t -> two", "s => two"), ["s one", "t two"]);
});

test.run();
