import type { LiveRun } from "../serve/liveRun.js";
import type { RunServer } from "../serve/server.js";
import { parsePorts } from "./serveFlags.js";
import { serveOnFreePort } from "./serveOnFreePort.js";
import type { Terminal } from "./terminal.js";

/** Serves a folder of runs to this machine while one of them, or a matrix, runs here; says where. Errors: ADDRESS_IN_USE. */
export async function serveBeside(
  port: string | undefined,
  root: string,
  terminal: Terminal,
  live?: LiveRun,
): Promise<RunServer> {
  const request = { root, address: "127.0.0.1", token: undefined, ...(live === undefined ? {} : { live }) };
  const server = await serveOnFreePort(parsePorts("serve", port), request, terminal);
  terminal.talk(`watch it: ${server.url}\n`);
  return server;
}
