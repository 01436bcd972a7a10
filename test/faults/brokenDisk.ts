import files, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as pause } from "node:timers/promises";

/** How a disk breaks: at one call, or from that one on. */
export interface Fault {
  readonly code: "ENOSPC" | "EIO" | "EROFS" | "EACCES";
  /** The calls that it hits. */
  readonly hits: (call: string) => boolean;
  readonly once: boolean;
}

const takesRoom = ["write", "writeFile", "appendFile", "sync", "datasync", "mkdir", "open"];
const onHandles = ["write", "writeFile", "appendFile", "sync", "datasync", "truncate"];
const onPaths = ["mkdir", "rename", "rm", "rmdir", "writeFile", "appendFile", "truncate", "copyFile"];

export const faults: Readonly<Record<string, Fault>> = {
  full: { code: "ENOSPC", hits: (call) => takesRoom.includes(call), once: false },
  "broken once": { code: "EIO", hits: () => true, once: true },
  "read-only": { code: "EROFS", hits: () => true, once: false },
  // A file that is open stays so.
  "not allowed": {
    code: "EACCES",
    hits: (call) => ["open", "mkdir", "rename", "rm", "rmdir"].includes(call),
    once: false,
  },
};

/** A call that changes something at a path; of a rename the path is that of its end. */
export interface Change {
  readonly call: string;
  readonly path: string;
  readonly from?: string | undefined;
}

/** What is done to every call that changes something below `folder`; rejects in its place. */
type Watch = (call: string, path: string) => Promise<void>;

/** Who hears of the calls that are let through. */
export interface Witness {
  before(change: Change): void;
  after(change: Change): void;
}

let watching:
  | { readonly folder: string; readonly watch: Watch; readonly witness?: Witness | undefined }
  | undefined;
let isPatched = false;

/** Resolves, when the call may be made, to what is to be called after it. */
async function seen(call: string, path: unknown, from?: unknown): Promise<() => void> {
  const text = String(path);
  const now = watching;
  if (now === undefined || !text.startsWith(now.folder)) return () => undefined;
  await now.watch(call, text);
  const change: Change = { call, path: text, from: from === undefined ? undefined : String(from) };
  now.witness?.before(change);
  return () => now.witness?.after(change);
}

// biome-ignore lint/suspicious/noExplicitAny: functions of the file system with arguments of all kinds
type AnyFunction = (this: unknown, ...given: any[]) => Promise<any>;

/** Puts itself between the program and `node:fs/promises`, for the rest of the process. */
async function patch(): Promise<void> {
  if (isPatched) return;
  isPatched = true;
  const paths = new WeakMap<object, string>();
  const own = files as unknown as Record<string, AnyFunction>;
  const opened = own.open;
  own.open = async (path, flags = "r", ...rest) => {
    if (flags !== "r") await seen("open", path);
    const handle = (await opened(path, flags, ...rest)) as FileHandle;
    paths.set(handle, String(path));
    return handle;
  };
  for (const name of onPaths) {
    const original = own[name];
    own[name] = async (...given) => {
      // The folder that a rename changes is that of its end.
      const [path, end] = given;
      const done = await (name === "rename" || name === "copyFile"
        ? seen(name, end, path)
        : seen(name, path));
      const result = await original(...given);
      done();
      return result;
    };
  }
  const handle = (await opened(process.execPath, "r")) as FileHandle;
  const prototype = Object.getPrototypeOf(handle) as Record<string, AnyFunction>;
  await handle.close();
  for (const name of onHandles) {
    const original = prototype[name];
    prototype[name] = async function (...given) {
      const path = paths.get(this as object) ?? "";
      const done = await seen(name, path).catch(async (error: NodeJS.ErrnoException) => {
        const [bytes] = given;
        // A disk that fills takes a part of the last write.
        if (error.code === "ENOSPC" && bytes instanceof Uint8Array) {
          await original.call(this, bytes.subarray(0, Math.floor(bytes.length / 2)));
        }
        throw error;
      });
      const result = await original.apply(this, given);
      done();
      return result;
    };
  }
  syncBuiltinESMExports();
}

async function watched<Result>(
  folder: string,
  watch: Watch,
  work: () => Promise<Result>,
  witness?: Witness,
): Promise<Result> {
  await patch();
  watching = { folder, watch, witness };
  try {
    return await work();
  } finally {
    watching = undefined;
  }
}

/** The calls that change something below a folder during `work`. */
export async function callsOf(folder: string, work: () => Promise<unknown>): Promise<readonly string[]> {
  const calls: string[] = [];
  await watched(folder, async (call, path) => void calls.push(`${call} ${path.slice(folder.length)}`), work);
  return calls;
}

/** Does `work` on a disk whose `at`-th call below the folder, of those that the fault hits, is the first that fails. */
export async function onBrokenDisk<Result>(
  folder: string,
  { code, hits, once }: Fault,
  at: number,
  work: () => Promise<Result>,
  witness?: Witness,
): Promise<{ readonly result: Result; readonly failed: readonly string[] }> {
  let calls = 0;
  const failed: string[] = [];
  const watch: Watch = async (call, path) => {
    if (!hits(call)) return;
    calls += 1;
    if (once ? calls !== at : calls < at) return;
    failed.push(`${call} ${path.slice(folder.length)}`);
    throw Object.assign(new Error(`${code}: injected, ${call} '${path}'`), { code, syscall: call, path });
  };
  return { result: await watched(folder, watch, work, witness), failed };
}

/** Does `work` on a disk whose every call takes so long. */
export function onSlowDisk<Result>(
  folder: string,
  milliseconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  return watched(folder, async () => void (await pause(milliseconds)), work);
}
