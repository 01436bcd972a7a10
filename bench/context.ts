import type { Engine } from "../engine/engine.js";
import { createNativeEngine } from "../engine/native/engine.js";
import type { Finding } from "./bars.js";
import { type Case, type Images, writeCase } from "./cases.js";
import type { Peer } from "./peer.js";

/** What every part of the bench works with. */
export interface Context {
  readonly images: Images;
  /** CIFAR-10's folder, when there is one. */
  readonly imageFolder: string | undefined;
  /** The Python side, or why there is none. */
  readonly peer: Peer | string;
  /** The JavaScript side, or why there is none. */
  readonly javascript: Peer | string;
  /** Where cases and runs are written. */
  readonly folder: string;
  /** Cases of a part to measure, by name; all when there is none. What others left in the result file stays there. */
  readonly only: readonly string[];
  /** Where the results will be written. */
  readonly resultFile: string;
  readonly threads: number;
  readonly rounds: number;
  /** Seconds to wait before a round for other programs to be quiet. */
  readonly patience: number;
  report(finding: Finding): void;
  /** Details for the JSON: settings tried, seconds of every round. */
  keep(name: string, detail: unknown): void;
  /** One line on stderr. */
  say(text: string): void;
}

export type Part = (context: Context) => Promise<void>;

export async function withNative<Result>(
  threads: number,
  use: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const engine = await createNativeEngine({ threads });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** Runs `use` with the case open at a peer; resolves to undefined when there is no peer. */
export async function withPeer<Result>(
  { folder, ...sides }: Context,
  one: Case,
  use: (peer: Peer) => Promise<Result>,
  side: "peer" | "javascript" = "peer",
): Promise<Result | undefined> {
  const peer = sides[side];
  if (typeof peer === "string") return undefined;
  await peer.call("open", writeCase(folder, one));
  try {
    return await use(peer);
  } finally {
    await peer.call("close", { case: one.name });
  }
}

export function threadChoices(threads: number): readonly number[] {
  return threads === 1 ? [1] : [1, threads];
}
