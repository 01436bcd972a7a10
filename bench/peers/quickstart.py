"""The quickstart once more, in NumPy and sharing nothing with jacoflow but the images: a check on its ranges.

    python bench/peers/quickstart.py [SEED ...]        needs numpy and scipy

Everything in float64: per-example standardisation, ReLU network 784-128-64-3 with He weights and the last kernel x 0.1,
half of the 1500 labels changed to another class, mean over the batch of half the squared norm of the residual, SGD with
rate 0.05 and batches of 64 for 150 epochs. The left singular vectors are the eigenvectors of J J^T, made layer by layer.
Prints one JSON line a seed with the numbers that bench/reference.mjs compares.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
from scipy.linalg import eigh

DATA = Path(__file__).resolve().parents[2] / "examples" / "data" / "fashion-3"
CLASSES, RANK, EPOCHS, BATCH, RATE, NOISE = 3, 50, 150, 64, 0.05, 0.5


def idx(name):
    with gzip.open(DATA / name) as file:
        raw = file.read()
    dimensions = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def split(prefix):
    images = idx(f"{prefix}-images-idx3-ubyte.gz").reshape(-1, 784) / 255
    images = (images - images.mean(1, keepdims=True)) / images.std(1, keepdims=True)
    return images, idx(f"{prefix}-labels-idx1-ubyte.gz").astype(int)


def forward(weights, x):
    inputs = [x]
    for kernel, bias in weights[:-1]:
        inputs.append(np.maximum(inputs[-1] @ kernel + bias, 0))
    kernel, bias = weights[-1]
    return inputs, inputs[-1] @ kernel + bias


def step(weights, x, y):
    inputs, outputs = forward(weights, x)
    delta = (outputs - y) / len(x)
    for layer in reversed(range(len(weights))):
        kernel, bias = weights[layer]
        down = (delta @ kernel.T) * (inputs[layer] > 0) if layer else None
        weights[layer] = (kernel - RATE * inputs[layer].T @ delta, bias - RATE * delta.sum(0))
        delta = down


def left_vectors(weights, x):
    """The RANK leading left singular vectors of J, rows sample-major (i K + k)."""
    inputs, outputs = forward(weights, x)
    rows = len(x) * CLASSES
    gram = np.zeros((rows, rows))
    delta = np.broadcast_to(np.eye(CLASSES), (len(x), CLASSES, CLASSES))
    for layer in reversed(range(len(weights))):
        flat = delta.reshape(rows, -1)
        share = inputs[layer] @ inputs[layer].T + 1
        gram += np.kron(share, np.ones((CLASSES, CLASSES))) * (flat @ flat.T)
        if layer:
            delta = (delta @ weights[layer][0].T) * (inputs[layer] > 0)[:, None, :]
    return eigh(gram, subset_by_index=(rows - RANK, rows - 1))[1]


def run(seed):
    random = np.random.default_rng(seed)
    (x, clean), (test_x, test_y) = split("train"), split("t10k")
    n = len(x)
    labels = clean.copy()
    chosen = random.permutation(n)[: round(NOISE * n)]
    labels[chosen] = (clean[chosen] + random.integers(1, CLASSES, len(chosen))) % CLASSES
    hot = np.eye(CLASSES)
    y, true = hot[labels], hot[clean]
    expected = (1 - NOISE) * true + NOISE / (CLASSES - 1) * (1 - true)
    sizes = [784, 128, 64, CLASSES]
    weights = [(random.normal(0, np.sqrt(2 / a), (a, b)), np.zeros(b)) for a, b in zip(sizes, sizes[1:])]
    weights[-1] = (weights[-1][0] * 0.1, weights[-1][1])
    first = left_vectors(weights, x)
    wrong = lambda inputs, given: float((forward(weights, inputs)[1].argmax(1) != given).mean())
    train_errors, test_errors = [wrong(x, labels)], [wrong(test_x, test_y)]
    for _ in range(EPOCHS):
        order = random.permutation(n)
        for start in range(0, n, BATCH):
            batch = order[start : start + BATCH]
            step(weights, x[batch], y[batch])
        train_errors.append(wrong(x, labels))
        test_errors.append(wrong(test_x, test_y))
    last = left_vectors(weights, x)
    ratio = lambda basis, v: float(np.linalg.norm(basis.T @ v.ravel()) / np.linalg.norm(v))
    return {
        "seed": seed,
        "clean labels, initial": ratio(first, true),
        "labels as given, initial": ratio(first, y),
        "labels centred, initial": ratio(first, y - y.mean(0)),
        "label changes, initial": ratio(first, y - true),
        "unpredictable noise, initial": ratio(first, y - expected),
        "unpredictable noise, final": ratio(last, y - expected),
        "training error, epoch 1": train_errors[1],
        "training error, end": train_errors[-1],
        "test error, best": min(test_errors),
        "epoch of the best": int(np.argmin(test_errors)),
        "test error, end": test_errors[-1],
    }


for seed in [int(word) for word in sys.argv[1:]] or range(1, 6):
    print(json.dumps(run(seed)), flush=True)
