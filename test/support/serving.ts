import { mkdirSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import type { PageFiles } from "../../pipeline/serve/pageFiles.js";
import { type RunServer, type ServeRequest, serveRuns } from "../../pipeline/serve/server.js";
import { withFolder } from "./folder.js";
import { inTime } from "./waiting.js";

/** A page of one file, for tests that need no browser. */
export const emptyPage: PageFiles = {
  files: new Map([["/", { type: "text/html", body: "<!doctype html>" }]]),
  importMapHash: "hash",
};

/** Writes a run folder with nothing but its run.json. */
export function writeRun(folder: string, record: Readonly<Record<string, unknown>> = {}): void {
  mkdirSync(folder, { recursive: true });
  const whole = { name: "small", outcome: "done", seed: 7, started: "2026-01-01T00:00:00.000Z", ...record };
  writeFileSync(join(folder, "run.json"), JSON.stringify(whole));
}

/** Serves a new folder of runs, `runs` beside which tests may put what must not be served. */
export function serving<Result>(
  settings: Partial<ServeRequest>,
  use: (server: RunServer, runs: string) => Promise<Result>,
): Promise<Result> {
  return withFolder(async (folder) => {
    const root = join(folder, "runs");
    mkdirSync(root);
    const usual = { root, address: "127.0.0.1", port: 0, token: undefined, page: emptyPage };
    const server = await serveRuns({ ...usual, ...settings });
    try {
      return await use(server, root);
    } finally {
      await server.close();
    }
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Asks with the path exactly as given, which `fetch` would straighten; ends an event stream when `enough` says so. */
export function ask(
  { port }: Pick<RunServer, "port">,
  path: string,
  how: {
    readonly method?: string;
    readonly headers?: OutgoingHttpHeaders;
    readonly enough?: (body: string) => boolean;
  } = {},
): Promise<Answer> {
  const { method = "GET", headers = {} } = how;
  let body = "";
  const answered = new Promise<Answer>((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      const end = () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
        if (how.enough?.(body) !== true) return;
        end();
        response.destroy();
      });
      response.on("end", end);
      response.on("error", () => end());
    });
    asked.on("error", reject);
    asked.end();
  });
  return inTime(answered, () => `the answer to ${method} ${path}, of which there is ${body}`);
}

/** The changes in the text of an event stream, with the id of each. */
export function changesIn(
  body: string,
): readonly { readonly id: string; readonly change: Record<string, unknown> }[] {
  return [...body.matchAll(/^id: (.*)\nevent: change\ndata: (.*)\n\n/gm)].map(([, id, data]) => ({
    id,
    change: JSON.parse(data) as Record<string, unknown>,
  }));
}
