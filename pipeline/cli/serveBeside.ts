import type { LiveRun } from "../serve/liveRun.js";
import { type RunServer, serveRuns } from "../serve/server.js";
import { parsePort } from "./serveFlags.js";
import type { Terminal } from "./terminal.js";

/** Serves a folder of runs to this machine while one of them, or a matrix, runs here; says where. Errors: ADDRESS_IN_USE. */
export async function serveBeside(
  port: string | undefined,
  root: string,
  terminal: Terminal,
  live?: LiveRun,
): Promise<RunServer> {
  const server = await serveRuns({
    ...{ root, address: "127.0.0.1", port: parsePort("serve", port), token: undefined },
    ...(live === undefined ? {} : { live }),
  });
  terminal.talk(`watch it: ${server.url}\n`);
  return server;
}
