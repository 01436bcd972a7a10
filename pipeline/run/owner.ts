import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** The process that writes into a folder. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** When it started, in the system's own units; null where the system does not say. Numbers of processes come again. */
  readonly since: string | null;
}

export function thisProcess(): Owner {
  return ownerOf(process.pid);
}

/** A process of this machine. */
export function ownerOf(pid: number): Owner {
  return { host: hostname(), pid, since: startOf(pid) };
}

/** An owner as it was written down; undefined for anything else. */
export function ownerIn(value: unknown): Owner | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { host, pid, since } = value as Readonly<Record<string, unknown>>;
  if (typeof host !== "string" || typeof pid !== "number") return undefined;
  return { host, pid, since: typeof since === "string" ? since : null };
}

/** Whether that very process is at work: of another machine it cannot be known, and is taken to be so. */
export function isAtWork({ host, pid, since }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else may not be asked, but it is there.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return now === null || since === null || now === since;
}

/** The boot of the machine, and the time since then; null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything.
    const time = text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return time === undefined ? null : `${time} after boot ${boot}`;
  } catch {
    return null;
  }
}
