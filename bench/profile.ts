import { type Profiler, Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";

const house = fileURLToPath(new URL("..", import.meta.url));

/** Seconds of the main thread's own work, by the nearest file of ours on the stack: a path from the root of the repository. */
export type TimeByFile = ReadonlyMap<string, number>;

/** What the main thread does while `work` goes on, by its stack every 0.2 ms. */
export async function profiled(work: () => Promise<void>): Promise<TimeByFile> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  return byFile(profile);
}

function fileOf({ callFrame: { url } }: Profiler.ProfileNode): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  const path = fileURLToPath(url);
  return path.startsWith(house) && !path.includes("node_modules") ? path.slice(house.length) : undefined;
}

function byFile({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TimeByFile {
  const parents = new Map<number, number>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const nearest = (id: number | undefined): string | undefined => {
    for (let at = id; at !== undefined; at = parents.get(at)) {
      const file = fileOf(byId.get(at)!);
      if (file !== undefined) return file;
    }
    return undefined;
  };
  const seconds = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const { functionName } = byId.get(id)!.callFrame;
    if (functionName === "(idle)") continue;
    const file = nearest(id) ?? `(${functionName.replace(/[()]/g, "") || "no file of ours"})`;
    seconds.set(file, (seconds.get(file) ?? 0) + timeDeltas[index] / 1e6);
  }
  return seconds;
}
