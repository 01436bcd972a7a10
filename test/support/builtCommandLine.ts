import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inTime } from "./waiting.js";

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const program = join(repository, "dist/pipeline/cli/main.js");

/** Builds dist/ when it is older than the sources: these tests are about what is shipped. */
export function build(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(repository, "scripts/prepare.mjs")], {
    encoding: "utf8",
  });
  if (status === 0) return;
  // uvu counts the tests after a failed `before` as failed, but does not say why.
  process.stderr.write(`the build failed:\n${stderr}`);
  throw new Error("the build failed");
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface Circumstances {
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the process and all its output so far, whenever there is more. */
  readonly onOutput?: (child: ChildProcess, output: string) => void;
  /** Called with the process as soon as there is one. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Another copy of the program than this repository's. */
  readonly program?: string;
  /** Words before `node`, such as `prlimit --fsize=1000`. */
  readonly wrapper?: readonly string[];
}

/** Seconds a command may take on the slowest of machines: what takes longer hangs. */
const secondsAllowed = 600;

/** Runs the built `jacoflow` to its end. One that does not end is killed, and what it said is in the error. */
export async function jacoflow(words: readonly string[], circumstances: Circumstances = {}): Promise<Ended> {
  const start = performance.now();
  const script = circumstances.program ?? program;
  const [command, ...rest] = [...(circumstances.wrapper ?? []), process.execPath, script, ...words];
  const child = spawn(command, rest, {
    cwd: circumstances.folder ?? repository,
    // uvu sets it for its own output.
    env: { ...process.env, FORCE_COLOR: undefined, ...circumstances.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  circumstances.onStart?.(child);
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => {
      written[name] += text;
      circumstances.onOutput?.(child, written.stdout + written.stderr);
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code, signal, ...written, milliseconds: performance.now() - start }),
    );
  });
  const what = () => `the end of ${words.join(" ")}, which said ${written.stdout}${written.stderr}`;
  try {
    return await inTime(ended, what, secondsAllowed);
  } finally {
    child.kill("SIGKILL");
  }
}

/**
 * The end of a run that is stopped midway. On a busy machine one may be through before it is: then once more from the
 * start, a few times.
 */
export async function stoppedMidway<End extends Ended>(
  runFolder: string,
  attempt: () => Promise<End>,
): Promise<End> {
  for (let left = 4; ; left -= 1) {
    const ended = await attempt();
    if (ended.code !== 0 || left === 0) return ended;
    rmSync(runFolder, { recursive: true });
  }
}
