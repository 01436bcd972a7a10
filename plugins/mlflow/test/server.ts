import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** One request that the stand-in got. */
export interface Request {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
}

/**
 * What stands in the place of an answer: a status, or one with a text; `reset` cuts the connection, `page` is no JSON, `silence` is the head of an
 * answer and nothing after it.
 */
export type Instead =
  | number
  | { readonly status: number; readonly text: string; readonly headers?: OutgoingHttpHeaders }
  | "reset"
  | "page"
  | "silence"
  | undefined;

export interface StandIn {
  readonly url: string;
  readonly requests: readonly Request[];
  close(): Promise<void>;
}

/**
 * A server that answers as MLflow does (the interop tests hold the real one to the same). `answer` may put something
 * else in the place of the answer.
 */
export async function standIn(
  answer: (request: Request, count: number) => Instead = () => undefined,
  port = 0,
): Promise<StandIn> {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "").replace("/api/2.0/mlflow/", "");
    const found = { path, body: await bodyOf(request), authorization: request.headers.authorization };
    requests.push(found);
    const instead = answer(found, requests.length);
    if (instead === "reset") return request.socket.destroy();
    if (instead === "page") return response.writeHead(200).end("<h1>Sign in</h1>");
    if (instead === "silence") return response.writeHead(200).write("{");
    if (typeof instead === "object")
      return response.writeHead(instead.status, instead.headers).end(instead.text);
    if (instead !== undefined) return response.writeHead(instead).end(`{"error_code":"STATUS_${instead}"}`);
    if (path.startsWith("experiments/get-by-name")) return response.writeHead(404).end("{}");
    const answers: Readonly<Record<string, unknown>> = {
      "experiments/create": { experiment_id: "7" },
      "runs/create": { run: { info: { run_id: "run-1" } } },
      "runs/search": { runs: [{ info: { run_id: "run-1" } }] },
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answers[path] ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = "";
  for await (const part of request) text += part;
  return text === "" ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
}
