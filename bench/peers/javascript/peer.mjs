// Answers requests, one JSON object a line, for bench/peer.ts. Times are taken here, around the work alone.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { readSafetensors } from "../../../dist/engine/network/safetensors.js";

function versions() {
  const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));
  return { node: process.version, ...dependencies };
}

/** The files the Python peer reads too: layers, tensors by name, features n × d. */
function openCase({ network, weights, examples }) {
  return {
    network: JSON.parse(readFileSync(network, "utf8")),
    tensors: readSafetensors(readFileSync(weights), weights),
    features: readSafetensors(readFileSync(examples), examples).get("x"),
  };
}

const cases = new Map();

async function answer({ call, arguments: given = {} }) {
  const { case: name, ...options } = given;
  if (call === "versions") return versions();
  if (call === "open") return void cases.set(name, openCase(options)) ?? {};
  if (call === "close") return { closed: cases.delete(name) };
  const [library, work] = call.split(".");
  return (await import(`./${library}.mjs`))[work](cases.get(name), options);
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = { result: await answer(JSON.parse(line)) };
  } catch (error) {
    console.error(error);
    said = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
