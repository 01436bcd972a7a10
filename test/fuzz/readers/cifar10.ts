import { cifar10 } from "../../../stages/data/cifar10.js";
import { readByStage } from "../examples.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";

const record = (label: number) =>
  Uint8Array.from({ length: 3073 }, (_, at) => (at === 0 ? label : (at * 7 + label) % 256));
const batch = (...labels: readonly number[]) =>
  Uint8Array.from(labels.flatMap((label) => [...record(label)]));

/** The binary version of CIFAR-10. */
export const cifar10Reader: Reader = {
  name: "CIFAR-10",
  corpus: async () => [
    {
      "data_batch_1.bin": batch(0, 1),
      "data_batch_2.bin": batch(2, 3),
      "data_batch_3.bin": batch(4, 5),
      "data_batch_4.bin": batch(6, 7),
      "data_batch_5.bin": batch(8, 9),
      "test_batch.bin": batch(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
    },
  ],
  mutate: (sample, random) => {
    const name = pick(random, Object.keys(sample));
    if (random.integer(4) > 0)
      return { ...sample, [name]: mutated(sample[name], random, Object.values(sample)) };
    // A label alone, which a change at any place hardly ever hits.
    const changed = new Uint8Array(sample[name]);
    changed[3073 * random.integer(changed.length / 3073)] = random.integer(256);
    return { ...sample, [name]: changed };
  },
  read: (folder, sample) =>
    readByStage(
      cifar10,
      sample["test_batch.bin"].length % 2 === 0 ? { path: "." } : { path: ".", classes: [1, 0] },
      folder,
    ),
};
