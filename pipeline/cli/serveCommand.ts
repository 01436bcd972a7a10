import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { serveErrors } from "../../schemas/errors/serve.js";
import { defaultParent } from "../run/folder.js";
import { listenForInterruption, signalExitCodes } from "./interrupt.js";
import { parsePorts, parseToken } from "./serveFlags.js";
import { serveOnFreePort } from "./serveOnFreePort.js";
import type { Terminal } from "./terminal.js";

export interface ServeFlags {
  readonly runs?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: string | undefined;
  readonly token?: string | undefined;
}

/** Serves the runs of a folder until it is interrupted. */
export async function serveCommand(flags: ServeFlags, terminal: Terminal): Promise<number> {
  const root = resolve(flags.runs ?? defaultParent);
  const about = await stat(root).catch(() => undefined);
  if (about?.isDirectory() !== true) throw serveErrors.notAFolder(root);
  const ports = parsePorts("port", flags.port);
  const token = parseToken(flags.token);
  const request = { root, address: flags.address ?? "127.0.0.1", token };
  const server = await serveOnFreePort(ports, request, terminal);
  terminal.out(`${server.url}\n`);
  terminal.talk(`serving ${root}; Ctrl-C ends it\n`);
  const interruption = listenForInterruption(terminal, "\n");
  try {
    await new Promise<void>((resolve) => {
      interruption.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await server.close();
  } finally {
    interruption.stop();
  }
  const received = interruption.received();
  return received === undefined ? 0 : signalExitCodes[received];
}
