import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nearest } from "../../schemas/errors/nearest.js";

const law = suite("the nearest name");

for (const [word, names, wanted] of [
  ["nosie", ["noise", "nose"], "noise"],
  ["learning_rate", ["loss", "learningRate"], "learningRate"],
  ["resnet", ["lenet", "mlp", "resnet20", "resnet32"], "resnet20"],
  ["gpu", ["cpu", "tensorflow-gpu"], "tensorflow-gpu"],
  ["sdg", ["gd", "sgd"], "sgd"],
  ["gradient-descent", ["data/idx", "train/gradient-descent"], "train/gradient-descent"],
  ["a", ["alpha", "beta"], undefined],
  ["elephant", ["mouse"], undefined],
] as const) {
  law(`of ${names.join(", ")} to "${word}" is ${wanted ?? "none"}`, () => {
    assert.is(nearest(word, names), wanted);
  });
}

law.run();
