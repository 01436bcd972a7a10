import { existsSync } from "node:fs";
import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { gaussianMatrix, widened } from "../../../engine/spectrum/blocks.js";
import type { KrylovState } from "../../../engine/spectrum/krylovState.js";
import { type Checkpoint, type SweepTime, spectrumCheckpoint } from "../../../stages/jacobian/checkpoint.js";
import { diskFiles, type FileSystem } from "../../../stages/sinks/files.js";
import { withFolder } from "../../support/pipelines.js";

const test = suite("stages/jacobian/checkpoint");

/** The state after `sweeps` sweeps; that after more begins with the same matrices. */
async function stateAfter(sweeps: number): Promise<KrylovState> {
  const matrix = (name: string, rows: number, columns: number) =>
    gaussianMatrix(randomSource(name), rows, columns);
  const blocks = [];
  const products = [];
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    blocks.push(await matrix(`block ${sweep}`, 40, 3));
    products.push(await matrix(`product ${sweep}`, 50, 3));
  }
  const gram = await widened(await matrix(`gram ${sweeps}`, 3 * sweeps, 3 * sweeps));
  gram.values[0] = -0;
  gram.values[1] = Math.PI;
  const skipped = [{ offset: 3, gram: await widened(await matrix("skipped", 3, 3)) }];
  return {
    ...{ blocks, products, gram, skipped },
    next: await matrix(`block ${sweeps}`, 40, 3),
    squaredNorms: Array.from({ length: 3 * sweeps }, (_, index) => 1 / (index + 3)),
    ...{ unconfirmed: true, leastSweeps: 4, drawn: 120 },
  };
}

const identity = { network: "mlp", examples: "50 images" };

function open(
  folder: string,
  given: { readonly identity?: typeof identity; readonly seconds?: number; readonly files?: FileSystem } = {},
): Checkpoint & { readonly times: SweepTime[]; readonly said: string[] } {
  const said: string[] = [];
  const times: SweepTime[] = [];
  const checkpoint = spectrumCheckpoint({
    ...{ folder, times, seconds: given.seconds ?? 0, files: given.files ?? diskFiles },
    identity: async () => given.identity ?? identity,
    warn: (message) => said.push(message),
    resumed: (sweeps) => said.push(`resumed after ${sweeps}`),
  });
  return { ...checkpoint, times, said };
}

test("what was kept last comes back bit for bit, with the times of its sweeps, and another can follow it", () =>
  withFolder(async (folder) => {
    const first = open(join(folder, "here"));
    assert.is(await first.restore(), undefined);
    for (const sweeps of [1, 2]) {
      first.times.push({ seconds: sweeps, processorSeconds: 2 * sweeps });
      await first.keep(await stateAfter(sweeps));
    }
    const second = open(join(folder, "here"));
    assert.equal(await second.restore(), await stateAfter(2));
    assert.equal(second.times, first.times);
    await second.keep(await stateAfter(3));
    const third = open(join(folder, "here"));
    assert.equal(await third.restore(), await stateAfter(3));
    assert.equal([...second.said, ...third.said], ["resumed after 2", "resumed after 3"]);
    await third.remove();
    assert.equal(await readdir(folder), []);
  }));

test("nothing is written while less than the seconds asked for would be lost", () =>
  withFolder(async (folder) => {
    const checkpoint = open(join(folder, "here"), { seconds: 1000 });
    await checkpoint.keep(await stateAfter(1));
    assert.not.ok(existsSync(join(folder, "here")));
  }));

test("a state of another Jacobian is refused with what differs", () =>
  withFolder(async (folder) => {
    await open(folder).keep(await stateAfter(1));
    const other = open(folder, { identity: { ...identity, examples: "60 images" } });
    const error = await other.restore().catch((reason) => reason);
    assert.is(error.code, "CHECKPOINT_OF_OTHER_RUN");
    assert.match(error.message, /: examples differ/);
    assert.match(error.message, join(folder, "state.json"));
  }));

const damages: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  "a matrix cut off": (folder) => truncate(join(folder, "product-002.f32"), 599),
  "a bit flipped": async (folder) => {
    const path = join(folder, "block-002.f32");
    const bytes = await readFile(path);
    bytes[77] ^= 4;
    await writeFile(path, bytes);
  },
  "a state cut off": (folder) => truncate(join(folder, "state.json"), 500),
  "a state of another form": (folder) => writeFile(join(folder, "state.json"), '{"format":0}'),
};

for (const [name, damage] of Object.entries(damages)) {
  test(`${name}: a warning, and the work begins anew`, () =>
    withFolder(async (folder) => {
      await open(folder).keep(await stateAfter(2));
      await damage(folder);
      const later = open(folder);
      assert.is(await later.restore(), undefined);
      assert.is(later.said.length, 1);
      assert.match(later.said[0], /cannot be used, so that the work begins anew: /);
      await later.keep(await stateAfter(1));
      assert.equal(await open(folder).restore(), await stateAfter(1));
    }));
}

test("a process that is killed at any step of the writing leaves the state before, or the one after", () =>
  withFolder(async (folder) => {
    const before = await stateAfter(1);
    const after = await stateAfter(2);
    for (let steps = 0; ; steps += 1) {
      const own = join(folder, String(steps));
      await open(own).keep(before);
      const killed = open(own, { files: endingAfter(steps) });
      await killed.restore();
      const ended = await killed.keep(after).then(
        () => true,
        () => false,
      );
      const found = await open(own).restore();
      assert.equal(found, ended ? after : before, `after ${steps} steps`);
      if (ended) break;
      assert.ok(steps < 100);
    }
  }));

/** A disk on which nothing happens any more after so many operations. */
function endingAfter(steps: number): FileSystem {
  let left = steps;
  const step = () => {
    left -= 1;
    if (left < 0) throw new Error("killed");
  };
  return {
    ...diskFiles,
    open: async (path) => {
      step();
      const file = await diskFiles.open(path);
      return {
        write: (async (bytes: Uint8Array, at: number, length: number) => {
          step();
          // Half of it arrives.
          return file.write(bytes, at, Math.ceil(length / 2));
        }) as typeof file.write,
        sync: () => file.sync(),
        close: () => file.close(),
      };
    },
    rename: async (from, to) => {
      step();
      await diskFiles.rename(from, to);
    },
    remove: async () => {},
  };
}

test.run();
