import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { countAsOurs } from "./measure.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "peers");

/** How a side is started, and what has to be there for it (bench/peers/setup makes both). */
const kinds = {
  python: {
    command: [join(folder, "environment/bin/python"), join(folder, "peer.py")],
    needs: join(folder, "environment/bin/python"),
  },
  javascript: {
    command: [process.execPath, join(folder, "javascript/peer.mjs")],
    needs: join(folder, "javascript/node_modules"),
  },
} as const;

/** Another side of the bench: one process that answers requests in order. */
export interface Peer {
  readonly versions: Readonly<Record<string, string>>;
  /** Rejects with the peer's error. */
  call<Result>(name: string, arguments_?: Readonly<Record<string, unknown>>): Promise<Result>;
  close(): void;
}

type Answer = { readonly result: unknown } | { readonly error: string };

/** Starts what bench/peers/setup made; resolves to the reason when it is not there. */
export async function startPeer(kind: keyof typeof kinds): Promise<Peer | string> {
  const { command, needs } = kinds[kind];
  if (!existsSync(needs)) return `no ${kind} peers (bench/peers/setup makes them)`;
  const [program, script] = command;
  const child: ChildProcess = spawn(program, [script], { stdio: ["pipe", "pipe", "pipe"] });
  if (child.pid !== undefined) countAsOurs(child.pid);
  const waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  createInterface({ input: child.stdout! }).on("line", (line) => waiting.shift()?.resolve(JSON.parse(line)));
  child.on("close", (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`the peer ended with ${code}: ${said}`));
  });

  async function call<Result>(name: string, arguments_: Readonly<Record<string, unknown>> = {}) {
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin?.write(`${JSON.stringify({ call: name, arguments: arguments_ })}\n`);
    });
    if ("error" in answer) throw new Error(`${name}: ${answer.error}`);
    return answer.result as Result;
  }

  try {
    const versions = await call<Record<string, string>>("versions");
    return { versions, call, close: () => child.stdin?.end() };
  } catch (error) {
    return `the ${kind} peers do not start: ${(error as Error).message}`;
  }
}
