import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const law = suite("the packages that are installed");

interface Locked {
  readonly hasInstallScript?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
}

const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8")) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const packages = Object.entries(lock.packages);

law("none that a user gets runs a script at install but our own build", () => {
  const running = packages.filter(([, { hasInstallScript, dev }]) => hasInstallScript && dev !== true);
  assert.equal(
    running.map(([path]) => path),
    [""],
  );
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.is(scripts.postinstall, "node scripts/build-native.mjs");
  for (const name of ["preinstall", "install"]) assert.is(scripts[name], undefined);
});

const registry = "https://registry.npmjs.org/";

law("all have a checksum, and none comes from elsewhere than npm's registry", () => {
  // npm keeps no checksum of packages that are for other machines than the one the lock was made on.
  const fetched = packages.filter(
    ([path, { link, optional }]) => path.includes("node_modules/") && link !== true && optional !== true,
  );
  assert.ok(fetched.length > 100);
  for (const [path, { integrity, resolved }] of fetched) {
    assert.match(String(integrity), /^sha512-/, path);
    assert.match(resolved ?? registry, registry, path);
  }
});

law.run();
