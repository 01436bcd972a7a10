import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("./otherProcess.ts", import.meta.url));

/** The other end of a sink, in a process of its own so that its memory and time are not counted. */
function start(...args: readonly string[]): {
  child: ChildProcess;
  line: (wanted: string) => Promise<string>;
} {
  const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), script, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    child.emit("said");
  });
  const line = (wanted: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = said.split("\n").find((text) => text.startsWith(wanted));
        if (found !== undefined) resolve(found.slice(wanted.length).trim());
      };
      child.on("said", look);
      child.on("close", () => reject(new Error(`the other end ended without saying "${wanted}"`)));
      look();
    });
  return { child, line };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A program that reads an HTTP stream to its end; it asks again until there is somebody. */
export function listenTo(url: string): { readonly joined: Promise<string>; readonly ended: Promise<string> } {
  const { line } = start("listen", url);
  return { joined: line("joined"), ended: line("ended") };
}

/** A server that answers as MLflow does and keeps nothing. */
export async function trackingServer(): Promise<{ readonly url: string; close(): void }> {
  const { child, line } = start("track");
  return { url: await line("url"), close: () => void child.kill() };
}
