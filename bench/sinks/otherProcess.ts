// The other end of a sink: `otherProcess.ts listen URL` reads a stream over HTTP, `otherProcess.ts track` answers as MLflow.
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const say = (text: string) => process.stdout.write(`${text}\n`);

async function listen(url: string): Promise<void> {
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    get(url, resolve).on("error", reject),
  ).catch(() => undefined);
  if (response === undefined) {
    await sleep(20);
    return listen(url);
  }
  say("joined");
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  say(`ended ${bytes}`);
}

function track(): void {
  const answers: Readonly<Record<string, unknown>> = {
    "/api/2.0/mlflow/experiments/get-by-name": { experiment: { experiment_id: "7" } },
    "/api/2.0/mlflow/runs/create": { run: { info: { run_id: "run-1" } } },
  };
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      const answer = answers[(request.url ?? "").split("?", 1)[0]] ?? {};
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  server.listen(0, "127.0.0.1", () => say(`url http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  process.on("disconnect", () => process.exit());
}

const [job, url] = process.argv.slice(2);
if (job === "listen") await listen(url);
else track();
