"""How far float32 leaves the golden Adam run of resnet20-plain (cross-entropy), in PyTorch.

Prints the relative error of the loss before each step for three arithmetics: float64 throughout (which checks this
script), float64 gradients with weights rounded to float32 after each step, and float32 throughout. Adam divides a
gradient by its own size, so entries near zero, whose sign float32 does not know, move as far as any other.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file

CASE = Path(__file__).resolve().parents[2] / "test" / "golden" / "resnet20-plain"
RUN = "cross-entropy/adam"


def forward(layers, x, parameters):
    """Logits of NCHW images; only the layers that resnet20-plain has."""
    for layer in layers:
        kind = layer["type"]
        if kind == "conv2d":
            kernel = parameters[f"{layer['name']}/kernel"].permute(3, 2, 0, 1)
            bias = parameters.get(f"{layer['name']}/bias")
            x = functional.conv2d(x, kernel, bias, layer.get("strides", 1), layer["padding"])
        elif kind == "activation":
            x = torch.relu(x)
        elif kind == "residual":
            x = forward(layer["main"], x, parameters) + forward(layer["shortcut"], x, parameters)
        elif kind == "padShortcut":
            stride = layer["strides"]
            x = functional.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, *layer["channels"]))
        elif kind == "globalAveragePooling2d":
            x = x.mean((2, 3))
        elif kind == "dense":
            x = x @ parameters[f"{layer['name']}/kernel"] + parameters.get(f"{layer['name']}/bias", 0)
            x = x * layer.get("scale", 1)
        else:
            raise ValueError(f"layer {kind} is not in resnet20-plain")
    return x


def relative_errors(arithmetic, storage):
    """One relative error of the loss a row of training.json."""
    layers = json.loads((CASE / "network.json").read_text())["layers"]
    run = json.loads((CASE / "training.json").read_text())["runs"][RUN]
    examples = load_file(CASE / "examples.safetensors")
    images = examples["x"].to(arithmetic).permute(0, 3, 1, 2)
    labels = examples["label"].long()
    weights = {name: w.to(arithmetic) for name, w in load_file(CASE / "weights.safetensors").items()}
    first = {name: torch.zeros_like(w) for name, w in weights.items()}
    second = {name: torch.zeros_like(w) for name, w in weights.items()}
    errors = []
    for step, row in enumerate(run["rows"], start=1):
        for weight in weights.values():
            weight.requires_grad_(True)
        loss = functional.cross_entropy(forward(layers, images, weights), labels)
        errors.append(abs(loss.item() - row["loss"]) / row["loss"])
        gradients = torch.autograd.grad(loss, list(weights.values()))
        with torch.no_grad():
            for name, gradient in zip(list(weights), gradients):
                first[name] = 0.9 * first[name] + 0.1 * gradient
                second[name] = 0.999 * second[name] + 0.001 * gradient**2
                scale = (second[name] / (1 - 0.999**step)).sqrt() + 1e-8
                moved = weights[name] - run["learningRate"] * first[name] / (1 - 0.9**step) / scale
                weights[name] = moved.detach().to(storage).to(arithmetic)
    return errors


if __name__ == "__main__":
    print(f"PyTorch {torch.__version__}, resnet20-plain, {RUN}: relative error of the loss before each step")
    for label, arithmetic, storage in [
        ("float64", torch.float64, torch.float64),
        ("float64, float32 weights", torch.float64, torch.float32),
        ("float32", torch.float32, torch.float32),
    ]:
        errors = relative_errors(arithmetic, storage)
        print(f"{label:26}" + " ".join(f"{error:.1e}" for error in errors))
