import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runStage } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mlflowErrors } from "../src/errors.js";
import { openServer } from "../src/server.js";
import { mlflow } from "../src/sink.js";
import { inFolder } from "./folder.js";
import { evaluation, numbersIn } from "./sent.js";
import { standIn } from "./server.js";

const law = suite("sink/mlflow and its server");

law("a server that answers 503 for a while is asked again and gets everything", () =>
  inFolder(async (runFolder) => {
    const server = await standIn((_, count) => (count <= 2 ? 503 : undefined));
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url, patience: 20 } },
      inputs: { metrics: [[evaluation(0, 1), evaluation(1, 2)]] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.equal(
      numbersIn(server.requests).map(({ value }) => value),
      [1, 2],
    );
    assert.ok(logs.some(({ level, message }) => level === "warning" && /answered 503/.test(message)));
    assert.ok(logs.some(({ level, message }) => level === "info" && /answers again/.test(message)));
  }),
);

law("a server that asks to be left alone is, in seconds or until a date", () =>
  inFolder(async (folder) => {
    for (const retryAfter of ["2", () => new Date(Date.now() + 3000).toUTCString()]) {
      const times: number[] = [];
      const server = await standIn((_, count) => {
        times.push(performance.now());
        const value = typeof retryAfter === "string" ? retryAfter : retryAfter();
        return count === 1 ? { status: 429, text: "", headers: { "retry-after": value } } : undefined;
      });
      const { error } = await runStage(mlflow, {
        ...{ runFolder: join(folder, typeof retryAfter), options: { url: server.url, patience: 60 } },
        inputs: { metrics: [[evaluation(0, 1)]] },
      });
      await server.close();
      assert.is(error, undefined);
      assert.is(numbersIn(server.requests).length, 1);
      // A date has no parts of seconds.
      assert.ok(times[1] - times[0] >= 1900, `asked again after ${times[1] - times[0]} ms`);
    }
  }),
);

law("a server that refuses is said so at once; the run ends well and what was not sent is kept", () =>
  inFolder(async (runFolder) => {
    const server = await standIn(({ path }) => (path === "runs/create" ? 403 : undefined));
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.ok(logs.some(({ level, message }) => level === "error" && /403/.test(message)));
    const kept = await readFile(join(runFolder, "mlflow/tried/numbers.ndjson"), "utf8");
    assert.is(JSON.parse(kept).value, 1);
  }),
);

law("tokens come from the environment and are nowhere on disk", () =>
  inFolder(async (runFolder) => {
    process.env.MLFLOW_TRACKING_TOKEN = "secret-token";
    const server = await standIn(({ path }) => (path === "runs/update" ? 403 : undefined));
    await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    }).finally(() => {
      delete process.env.MLFLOW_TRACKING_TOKEN;
    });
    await server.close();
    assert.ok(server.requests.every(({ authorization }) => authorization === "Bearer secret-token"));
    const files = await readdir(join(runFolder, "mlflow/tried"));
    assert.ok(files.length > 0);
    for (const file of files) {
      assert.not.match(await readFile(join(runFolder, "mlflow/tried", file), "utf8"), "secret");
    }
  }),
);

law("addresses with a password, of another protocol, or none are refused before the run", () => {
  for (const url of ["ftp://host", "http://user:word@host", "host:5000", "http://host?x=1"]) {
    assert.throws(
      () =>
        mlflow.checkOptions?.({
          options: { url, experiment: "a", parameters: [], patience: 1 },
          place: "stages.mlflow",
        }),
      (error: Error) => "code" in error && error.code === "MLFLOW_URL",
      url,
    );
  }
});

law("an error in the log holds no credentials, though the server says back what it was asked with", () =>
  inFolder(async (runFolder) => {
    const environment = {
      MLFLOW_TRACKING_TOKEN: "",
      MLFLOW_TRACKING_USERNAME: "ada",
      MLFLOW_TRACKING_PASSWORD: "se cret",
    };
    Object.assign(process.env, environment);
    const basic = Buffer.from("ada:se cret").toString("base64");
    const server = await standIn(() => ({ status: 401, text: `you are Basic ${basic}, ada:se cret` }));
    const { logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    }).finally(() => {
      for (const name of Object.keys(environment)) delete process.env[name];
    });
    await server.close();
    assert.is(server.requests[0].authorization, `Basic ${basic}`);
    const refused = logs.find(({ message }) => message.includes("answered 401"))?.message ?? "";
    assert.match(refused, "you are Basic …, ada:…");
  }),
);

law("an address whose name has several machines behind it, none of which answers, says why of each", () => {
  const failures = ["connect ECONNREFUSED ::1:5000", "connect ECONNREFUSED 127.0.0.1:5000"];
  // As Node has it: the whole of them has no message.
  const cause = new AggregateError(failures.map((message) => new Error(message)));
  assert.match(
    mlflowErrors.away("http://localhost:5000", cause).message,
    `does not answer: ${failures.join("; ")}`,
  );
});

law("a token that would end its line of the request is refused, and not said", () => {
  for (const token of ["abc\r\nX-Other: 1", "abc\n", "a b"]) {
    assert.throws(
      () => openServer("http://host", "", { MLFLOW_TRACKING_TOKEN: token }, new AbortController().signal),
      (error: Error) =>
        "code" in error && error.code === "MLFLOW_TOKEN" && !JSON.stringify(error).includes("abc"),
    );
  }
});

law.run();
