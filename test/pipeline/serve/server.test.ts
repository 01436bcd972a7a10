import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { thisProcess } from "../../../pipeline/run/owner.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { ask, serving, writeRun } from "../../support/serving.js";
import { slowness } from "../../support/slowness.js";

const law = suite("what a server of runs lets out");

law("runs are listed by the path of their folder, those of a matrix too, the newest first", () =>
  serving({}, async (server, runs) => {
    writeRun(join(runs, "sweep/seed-7"), { name: "sweep", seed: 7 });
    writeRun(join(runs, "one"), { outcome: "failed" });
    mkdirSync(join(runs, "no-run"));
    const { status, headers, body } = await ask(server, "/runs");
    assert.is(status, 200);
    assert.match(headers["content-type"] as string, "application/json");
    const listed = JSON.parse(body) as { id: string; state: string }[];
    assert.equal(listed.map(({ id, state }) => [id, state]).sort(), [
      ["one", "failed"],
      ["sweep/seed-7", "done"],
    ]);
  }),
);

const elsewhere = [
  "/runs/../../secret/events",
  "/runs/..%2f..%2fsecret/events",
  "/runs/%2e%2e%2fsecret/events",
  "/runs/%2e%2e/secret/events",
  "/runs/..%5csecret/events",
  "/runs/%252e%252e%252fsecret/events",
  "/runs/one%00/events",
  "/runs/%/events",
  "/runs/linked/events",
  "/runs/one%2f..%2f..%2fsecret/events",
  "/runs/one/run.json",
  "/runs/one/",
  "//etc/passwd",
  "/../secret/run.json",
  "/modules/../../secret/run.json",
  "/modules/%2e%2e/%2e%2e/package.json",
  "http://127.0.0.1/runs/../secret",
];

law("no address leads out of the folder of runs, nor to a file in it", () =>
  serving({}, async (server, runs) => {
    const secret = join(dirname(runs), "secret");
    writeRun(secret, { name: "secret" });
    writeRun(join(runs, "one"));
    symlinkSync(secret, join(runs, "linked"));
    for (const path of elsewhere) {
      const { status, body } = await ask(server, path);
      assert.is(status, 404, path);
      assert.not.match(body, "secret");
    }
    assert.not.match((await ask(server, "/runs")).body, "secret");
  }),
);

law("a link that takes a run's place after it was listed is not followed", () =>
  serving({}, async (server, runs) => {
    const secret = join(dirname(runs), "secret");
    writeRun(secret, { name: "secret" });
    writeRun(join(runs, "one"));
    assert.match((await ask(server, "/runs")).body, "one");
    renameSync(join(runs, "one"), join(dirname(runs), "moved"));
    symlinkSync(secret, join(runs, "one"));
    assert.is((await ask(server, "/runs/one/events")).status, 404);
  }),
);

law("links in a run's folder that lead out of it are not read", () =>
  serving({}, async (server, runs) => {
    const secret = join(dirname(runs), "secret");
    writeRun(secret);
    mkdirSync(join(secret, "tables/metrics/train"), { recursive: true });
    writeFileSync(join(secret, "log.ndjson"), '{"level":"info","message":"secret"}\n');
    writeFileSync(join(secret, "tables/metrics/train/part-00000.parquet"), "secret");
    for (const [name, linked] of [
      ["log", "log.ndjson"],
      ["tables", "tables"],
      ["stage", "tables/metrics/train"],
      ["part", "tables/metrics/train/part-00000.parquet"],
    ]) {
      const path = join(runs, name, linked);
      mkdirSync(dirname(path), { recursive: true });
      writeRun(join(runs, name));
      symlinkSync(join(secret, linked), path);
      const { status, body } = await ask(server, `/runs/${name}/events`);
      assert.is(status, 200, name);
      assert.match(body, '"unreadable":[]', name);
      assert.not.match(body, "secret", name);
    }
  }),
);

law("callers who never end what they ask give their place back", () =>
  serving({}, async (server) => {
    const slow = Array.from({ length: 300 }, () => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write("GET /runs HTTP/1.1\r\nHost: 12"));
      return socket.on("error", () => undefined);
    });
    try {
      const begun = performance.now();
      const answer = () =>
        ask(server, "/runs").then(
          ({ status }) => status,
          () => 0,
        );
      while ((await answer()) !== 200) {
        const allowed = 12_000 * slowness();
        assert.ok(performance.now() - begun < allowed, `they hold it for more than ${allowed} ms`);
        await setTimeout(200);
      }
    } finally {
      for (const socket of slow) socket.destroy();
    }
  }),
);

law("more readers than there is room for are told so, and the list is still answered", () =>
  serving({}, async (server, runs) => {
    writeRun(join(runs, "one"), { outcome: "running", process: thisProcess() });
    const leaving = new AbortController();
    const { signal } = leaving;
    const asked = Array.from({ length: 80 }, () =>
      fetch(`${server.url}runs/one/events`, { signal }).then(({ status }) => status),
    );
    const statuses = await Promise.all(asked);
    assert.is(statuses.filter((status) => status === 200).length, 64);
    assert.is(statuses.filter((status) => status === 503).length, 16);
    assert.is((await ask(server, "/runs")).status, 200);
    leaving.abort();
  }),
);

law("many who ask for the list at once wait no longer than for one", () =>
  serving({}, async (server, runs) => {
    for (let at = 0; at < 400; at += 1) writeRun(join(runs, `run-${at}`));
    const timeOf = async (count: number) => {
      const begun = performance.now();
      const asked = Array.from({ length: count }, () => ask(server, "/metrics"));
      for (const { body } of await Promise.all(asked)) assert.match(body, 'jacoflow_runs{state="done"} 400');
      return performance.now() - begun;
    };
    const ones = [await timeOf(1), await timeOf(1), await timeOf(1), await timeOf(1), await timeOf(1)];
    const one = ones.sort((left, right) => left - right)[2];
    const many = await timeOf(150);
    assert.ok(many < 25 * one, `${many} ms for 150, ${one} ms for one`);
  }),
);

law("only GET is answered", () =>
  serving({}, async (server) => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]) {
      const { status, headers } = await ask(server, "/runs", { method });
      assert.is(status, 405, method);
      assert.is(headers.allow, "GET");
    }
  }),
);

law(
  "a Host header of another name is refused, so that no page elsewhere reads a run through a name that leads here",
  () =>
    serving({}, async (server) => {
      for (const host of [
        "evil.example",
        `evil.example:${server.port}`,
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil:80",
      ]) {
        assert.is((await ask(server, "/runs", { headers: { host } })).status, 421, host);
      }
      for (const name of ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"]) {
        const host = `${name}:${server.port}`;
        assert.is((await ask(server, "/runs", { headers: { host } })).status, 200, host);
      }
    }),
);

law("a page of another site is refused, a link on one is not", () =>
  serving({}, async (server) => {
    const of = (mode: string) => ({ headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": mode } });
    assert.is((await ask(server, "/runs", of("no-cors"))).status, 403);
    const neighbour = { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" };
    assert.is((await ask(server, "/runs", { headers: neighbour })).status, 403);
    for (const origin of ["http://evil.example", "null", `http://127.0.0.1:${server.port + 1}`]) {
      assert.is((await ask(server, "/runs", { headers: { origin } })).status, 403, origin);
    }
    const own = { origin: `http://127.0.0.1:${server.port}` };
    assert.is((await ask(server, "/runs", { headers: own })).status, 200);
    assert.is((await ask(server, "/", of("navigate"))).status, 200);
  }),
);

law("every answer forbids what the page does not need", () =>
  serving({}, async (server) => {
    for (const path of ["/", "/runs", "/metrics", "/nothing"]) {
      const { headers } = await ask(server, path);
      const policy = new Map(
        String(headers["content-security-policy"])
          .split("; ")
          .map((part) => [part.split(" ")[0], part.split(" ").slice(1)]),
      );
      assert.equal(policy.get("default-src"), ["'none'"]);
      assert.equal(policy.get("script-src"), ["'self'", "'sha256-hash'"]);
      assert.equal(policy.get("style-src"), ["'self'"]);
      assert.equal(policy.get("connect-src"), ["'self'"]);
      assert.equal(policy.get("frame-ancestors"), ["'none'"]);
      assert.not.match(String(headers["content-security-policy"]), /unsafe|\*|http/);
      assert.is(headers["x-content-type-options"], "nosniff");
      assert.is(headers["referrer-policy"], "no-referrer");
      assert.is(headers["access-control-allow-origin"], undefined);
    }
  }),
);

const token = "a token of 26 characters, =";

law("with a token nothing is told to those who do not know it", () =>
  serving({ token }, async (server, runs) => {
    writeRun(join(runs, "one"));
    const { port } = new URL(server.url);
    const cookie = (text: string) => ({ headers: { cookie: `other=1; jacoflow-token-${port}=${text}` } });
    const bearer = (text: string) => ({ headers: { authorization: `Bearer ${text}` } });
    for (const path of ["/", "/runs", "/metrics", "/runs/one/events", "/nothing"]) {
      assert.is((await ask(server, path)).status, 401, path);
      assert.is((await ask(server, `${path}?token=${encodeURIComponent(`${token}.`)}`)).status, 401);
      assert.is((await ask(server, path, cookie("wrong"))).status, 401);
      assert.is((await ask(server, path, cookie("%"))).status, 401);
      assert.is((await ask(server, path, bearer("wrong"))).status, 401);
    }
    assert.is((await ask(server, "/runs", cookie(encodeURIComponent(token)))).status, 200);
    assert.is((await ask(server, "/runs", bearer(token))).status, 200);
    assert.is((await ask(server, `/metrics?token=${encodeURIComponent(token)}`)).status, 200);
  }),
);

law("the address with the token becomes a cookie that no script reads and no other site sends", () =>
  serving({ token }, async (server) => {
    const { pathname, search } = new URL(server.url);
    const { status, headers } = await ask(server, pathname + search);
    assert.is(status, 303);
    assert.is(headers.location, "/");
    const [cookie] = headers["set-cookie"] as string[];
    assert.match(cookie, "HttpOnly");
    assert.match(cookie, "SameSite=Strict");
    const back = { headers: { cookie: cookie.split(";")[0] } };
    assert.is((await ask(server, "/", back)).status, 200);
  }),
);

law("two servers of one machine have a cookie each: a browser does not tell ports apart", () =>
  serving({ token }, (first) =>
    serving({ token: `${token}, another` }, async (second) => {
      const jar: string[] = [];
      for (const server of [first, second]) {
        const { pathname, search } = new URL(server.url);
        const { headers } = await ask(server, pathname + search);
        jar.push((headers["set-cookie"] as string[])[0].split(";")[0]);
      }
      const headers = { cookie: jar.join("; ") };
      for (const server of [first, second]) assert.is((await ask(server, "/runs", { headers })).status, 200);
      assert.is.not(jar[0].split("=")[0], jar[1].split("=")[0]);
    }),
  ),
);

const codeOf = async (start: () => Promise<unknown>) => {
  try {
    await start();
  } catch (error) {
    assert.instance(error, JacoflowError);
    return (error as JacoflowError).code;
  }
  return "started";
};

law("an address that others reach is not opened without a token", async () => {
  for (const address of ["0.0.0.0", "::", "192.168.1.1", "example.org"]) {
    assert.is(await codeOf(() => serving({ address }, async () => undefined)), "TOKEN_NEEDED", address);
  }
  assert.is(await codeOf(() => serving({ address: "0.0.0.0", token }, async () => undefined)), "started");
});

law("a port that is in use is said to be", () =>
  serving({}, async ({ port }) => {
    assert.is(await codeOf(() => serving({ port }, async () => undefined)), "ADDRESS_IN_USE");
  }),
);

law("a run.json of anything harms nobody", () =>
  serving({}, async (server, runs) => {
    for (const [name, text] of [
      ["empty", ""],
      ["list", "[]"],
      ["odd", '{"name": 7, "stages": {"a": 1}, "wires": "x", "pipeline": {"stages": [1]}, "error": "no"}'],
    ]) {
      mkdirSync(join(runs, name));
      writeFileSync(join(runs, name, "run.json"), text);
      const { status, body } = await ask(server, `/runs/${name}/events`, {
        enough: (told) => /\n\n.*\n\n/s.test(told),
      });
      assert.is(status, 200, name);
      assert.match(body, '"state":"unknown"');
    }
  }),
);

law.run();
