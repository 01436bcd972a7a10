import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { serveErrors } from "../../schemas/errors/serve.js";
import { FolderRun } from "./folderRun.js";
import { runFoldersIn } from "./folders.js";
import { type Door, isLoopback, refusalOf, tokenCookieOf, unescaped } from "./guard.js";
import type { LiveRun } from "./liveRun.js";
import { writeNumbers } from "./numbers.js";
import { type PageFiles, readPageFiles } from "./pageFiles.js";
import { metricsText } from "./prometheus.js";
import type { ListedRun } from "./protocol.js";
import { tellReader } from "./readers.js";
import { readRecordedRun } from "./record.js";
import { placeOf } from "./rows.js";
import type { WatchedRun } from "./watchedRun.js";

/** Readers of events at a time; one is a run that somebody has open. */
const mostReaders = 64;
/** Runs whose rows are kept in memory. */
const mostOpen = 24;
/** Milliseconds for pages to be told how the run of this process ended. */
const farewell = 1500;

export interface ServeRequest {
  /** Folder of runs. */
  readonly root: string;
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly token: string | undefined;
  /** The run of this process; its id is the one its folder has in the list. */
  readonly live?: LiveRun;
  /** Instead of the built page: for tests. */
  readonly page?: PageFiles;
}

export interface RunServer {
  /** Where the page is, the token in it if there is one. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves runs to a browser: their list, what happens in each as server-sent events, and the page that draws them. Errors:
 * TOKEN_NEEDED for an address that others can reach without one, ADDRESS_IN_USE, CANNOT_LISTEN.
 */
export async function serveRuns(request: ServeRequest): Promise<RunServer> {
  const { address, token } = request;
  if (!isLoopback(address) && token === undefined) throw serveErrors.tokenNeeded(address);
  const page = request.page ?? (await readPageFiles());
  const closing = new AbortController();
  const desk = new Desk(request, page, closing.signal);
  let door: Door = { address, port: request.port, token };
  const server = createServer({ connectionsCheckingInterval: 1000 }, (asked, response) => {
    desk.answer(asked, response, door).catch(() => {
      if (!response.headersSent) say(response, 500, "text/plain; charset=utf-8", "this cannot be read now\n");
      else response.destroy();
    });
  });
  // Slow or silent callers give their place back; event streams are responses and not bound by these.
  server.requestTimeout = 5000;
  server.headersTimeout = 5000;
  server.maxConnections = 4 * mostReaders;
  const port = await listen(server, address, request.port);
  door = { ...door, port };
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    url: `http://${host}:${port}/${token === undefined ? "" : `?token=${encodeURIComponent(token)}`}`,
    port,
    close: async () => {
      if (request.live !== undefined) await desk.told(farewell);
      closing.abort();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 500).unref();
      });
    },
  };
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "EADDRINUSE"
          ? serveErrors.addressInUse(address, port)
          : serveErrors.cannotListen(address, port, error),
      );
    });
    server.listen(port, address, () => {
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}

/** Answers requests, each by its path. */
class Desk {
  readonly #request: ServeRequest;
  readonly #page: PageFiles;
  readonly #closing: AbortSignal;
  readonly #open = new Map<string, Promise<WatchedRun>>();
  #readers = 0;
  #listing: Promise<readonly ListedRun[]> | undefined;

  constructor(request: ServeRequest, page: PageFiles, closing: AbortSignal) {
    this.#request = request;
    this.#page = page;
    this.#closing = closing;
  }

  async answer(asked: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
    this.#secure(response);
    const [path, query] = (asked.url ?? "/").split("?", 2);
    const token = new URLSearchParams(query ?? "").get("token") ?? undefined;
    const refusal = refusalOf({ method: asked.method, headers: asked.headers, token }, door);
    if (refusal !== undefined) {
      if (refusal.status === 405) response.setHeader("Allow", "GET");
      return say(response, refusal.status, "text/plain; charset=utf-8", `${refusal.reason}\n`);
    }
    if (token !== undefined && door.token !== undefined && path === "/") {
      // The token leaves the address, where it would be seen and kept.
      const cookie = `${tokenCookieOf(door)}=${encodeURIComponent(door.token)}; HttpOnly; SameSite=Strict; Path=/`;
      response.setHeader("Set-Cookie", cookie);
      response.setHeader("Location", "/");
      return say(response, 303, "text/plain; charset=utf-8", "");
    }
    const file = this.#page.files.get(path);
    if (file !== undefined) return say(response, 200, file.type, file.body);
    if (path === "/runs") {
      return say(response, 200, "application/json; charset=utf-8", writeNumbers(await this.#list()));
    }
    if (path === "/metrics") {
      const { live } = this.#request;
      const type = "text/plain; version=0.0.4; charset=utf-8";
      return say(response, 200, type, metricsText(await this.#list(), live));
    }
    const id = unescaped(/^\/runs\/([^/]+)\/events$/.exec(path)?.[1] ?? "") ?? "";
    const run = id === "" ? undefined : await this.#run(id);
    if (run === undefined) return say(response, 404, "text/plain; charset=utf-8", "there is nothing here\n");
    if (this.#readers >= mostReaders) {
      return say(response, 503, "text/plain; charset=utf-8", "too many pages watch already\n");
    }
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    this.#readers += 1;
    try {
      const last = asked.headers["last-event-id"];
      await tellReader(run, placeOf(typeof last === "string" ? last : undefined), response, this.#closing);
    } finally {
      this.#readers -= 1;
    }
  }

  /** Resolves when nobody is being told anything more, or when the time is over. */
  async told(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    while (this.#readers > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #secure(response: ServerResponse): void {
    const policy = [
      "default-src 'none'",
      `script-src 'self' 'sha256-${this.#page.importMapHash}'`,
      "style-src 'self'",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ];
    response.setHeader("Content-Security-Policy", policy.join("; "));
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("Referrer-Policy", "no-referrer");
    response.setHeader("Cross-Origin-Resource-Policy", "same-origin");
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cache-Control", "no-store");
  }

  /** Every run, the newest first. Who asks while others wait for the list gets theirs: many take as long as one. */
  #list(): Promise<readonly ListedRun[]> {
    this.#listing ??= this.#look().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #look(): Promise<readonly ListedRun[]> {
    const { root, live } = this.#request;
    const heads = live === undefined ? [] : [live.head];
    for (const [id, folder] of await runFoldersIn(root)) {
      if (id !== live?.head.id) heads.push((await readRecordedRun(id, folder)).head);
    }
    return heads.map(({ id, name, state, seed, started, seconds }) => ({
      id,
      name,
      state,
      seed,
      started,
      seconds,
    }));
  }

  /** A run by its id, which has to be in the list: no part of an address is ever taken as a path. */
  async #run(id: string): Promise<WatchedRun | undefined> {
    const { root, live } = this.#request;
    if (id === live?.head.id) return live;
    const folder = (await runFoldersIn(root)).get(id);
    if (folder === undefined) return undefined;
    const known = this.#open.get(folder);
    const run = known ?? FolderRun.open(id, folder);
    // One that could not be read is tried anew by whoever asks next.
    run.catch(() => this.#open.delete(folder));
    // The last asked for comes last; the first goes when there are too many.
    this.#open.delete(folder);
    this.#open.set(folder, run);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= mostOpen) break;
      this.#open.delete(oldest);
    }
    return run;
  }
}

function say(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}
