import { JacoflowError } from "../../schemas/errors/error.js";
import { type RunServer, type ServeRequest, serveRuns } from "../serve/server.js";
import type { Terminal } from "./terminal.js";

/** Serves on the first of these ports that is free, and says so if it is not the first. Errors: those of `serveRuns`. */
export async function serveOnFreePort(
  [port, ...others]: readonly number[],
  request: Omit<ServeRequest, "port">,
  terminal: Terminal,
): Promise<RunServer> {
  try {
    return await serveRuns({ ...request, port });
  } catch (error) {
    const busy = error instanceof JacoflowError && error.code === "ADDRESS_IN_USE";
    if (!busy || others.length === 0) throw error;
    terminal.talk(`port ${port} is in use\n`);
    return serveOnFreePort(others, request, terminal);
  }
}
