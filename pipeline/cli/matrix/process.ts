import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The program itself: it is started, not imported. */
const program = join(dirname(fileURLToPath(import.meta.url)), "..", "main.js");
/** Characters of what a run said that are kept for people: the end of it. */
const saidLimit = 20_000;

/** How the process of a run ended. */
export interface EndedProcess {
  /** What `run --json` said last; undefined when it said nothing. */
  readonly facts: Readonly<Record<string, unknown>> | undefined;
  /** The end of what it said to people. */
  readonly said: string;
  /** `exit code 1`, `SIGKILL`. */
  readonly how: string;
}

/** A run in a process of its own: memory and crashes are its own too. */
export interface RunProcess {
  readonly ended: Promise<EndedProcess>;
  /** Asks it to stop: tables are completed. */
  stop(): void;
  kill(): void;
}

/**
 * Starts `jacoflow` with these words. It gets no signals of the terminal. Nothing is sent over the channel: that it closes
 * tells the run to stop, by `stop` or because we are gone, even by SIGKILL. That is no signal: who sends one to all processes
 * of a matrix, as service managers do, has not sent two to its runs.
 */
export function startRun(words: readonly string[]): RunProcess {
  const child = spawn(process.execPath, [program, ...words], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  return {
    ended: endOf(child),
    stop: () => {
      if (child.connected) child.disconnect();
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function endOf(child: ChildProcess): Promise<EndedProcess> {
  let output = "";
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-saidLimit);
  });
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ facts: undefined, said, how: error.message }));
    // The event `close` does not come where we closed the channel ourselves.
    let how = "";
    let waited = 3;
    const isOver = () => {
      waited -= 1;
      if (waited === 0) resolve({ facts: lastFacts(output), said, how });
    };
    child.stdout?.on("close", isOver);
    child.stderr?.on("close", isOver);
    child.on("exit", (code, signal) => {
      how = signal ?? `exit code ${code}`;
      isOver();
    });
  });
}

function lastFacts(output: string): EndedProcess["facts"] {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  try {
    const facts: unknown = JSON.parse(line);
    return typeof facts === "object" && facts !== null ? { ...facts } : undefined;
  } catch {
    return undefined;
  }
}
