import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Source, StageContext } from "../../../pipeline/stage.js";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import { Channel } from "./channel.js";

const address = "127.0.0.1";
/** Milliseconds at the end of a run for listeners to read what waits for them. */
const farewell = 2000;
const mostListeners = 64;

/** Tables over HTTP on this machine: `/` lists them, `/TABLE/STAGE` is a chunked Arrow stream of one. */
export interface Endpoint {
  readonly url: string;
  channel(origin: Source): Channel;
  /** Waits a moment for listeners that still read, then closes. */
  close(): Promise<void>;
}

const pathOf = ({ table, stage }: Source) => `/${table}/${stage}`;

/** Opens an endpoint for these tables. Errors: CANNOT_SERVE. */
export async function openEndpoint(
  port: number,
  origins: readonly Source[],
  { stage, log }: Pick<StageContext<unknown>, "stage" | "log">,
): Promise<Endpoint> {
  const channels = new Map(
    origins.map((origin) => {
      const path = pathOf(origin);
      const lost = (reason: string) =>
        log("warning", `a listener of ${path} reads too slowly and was let go: ${reason}`);
      return [path, new Channel(lost)] as const;
    }),
  );
  const list = JSON.stringify(
    origins.map((origin) => ({ table: origin.table, stage: origin.stage, path: pathOf(origin) })),
  );
  const open = new Set<ServerResponse>();
  let own = port;
  const server = createServer((asked, response) => {
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Content-Type-Options", "nosniff");
    const refusal = refusalOf(asked, own);
    if (refusal !== undefined) return say(response, ...refusal);
    const path = (asked.url ?? "/").split("?", 1)[0];
    if (path === "/") return say(response, 200, `${list}\n`, "application/json");
    const channel = channels.get(path);
    if (channel === undefined) return say(response, 404, `there are: ${[...channels.keys()].join(", ")}\n`);
    open.add(response.on("close", () => open.delete(response)));
    channel.join(response);
  });
  server.maxConnections = mostListeners;
  server.requestTimeout = 10_000;
  own = await listen(server, port, `stages.${stage}.with.http`);
  return {
    url: `http://${address}:${own}/`,
    channel: (origin) => channels.get(pathOf(origin))!,
    close: async () => {
      // Closing a server destroys responses that have ended but are not yet sent.
      const sent = Promise.all(
        [...open].map((response) => new Promise<void>((resolve) => response.on("close", resolve))),
      );
      const late = new Promise<void>((resolve) => setTimeout(resolve, farewell).unref());
      await Promise.race([sent, late]);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** A page from elsewhere must not read a run through the browser of whoever runs it. */
function refusalOf({ method, headers }: IncomingMessage, port: number): [number, string] | undefined {
  if (method !== "GET") return [405, "only GET is answered here\n"];
  if (![`${address}:${port}`, `localhost:${port}`].includes(headers.host ?? "")) {
    return [421, "the Host header names another machine\n"];
  }
  if (headers["sec-fetch-site"] === "cross-site") return [403, "asked for by a page from elsewhere\n"];
  return undefined;
}

function listen(server: Server, port: number, place: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(sinkErrors.cannotServe(place, port, error)));
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}

function say(
  response: ServerResponse,
  status: number,
  body: string,
  type = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "Content-Type": type });
  response.end(body);
}
