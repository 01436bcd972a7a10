"""Per-example Jacobians in PyTorch: torch.func's vmap(jacrev), and a loop over outputs of vmap(grad)."""

import time

import torch
from torch.func import grad, jacrev, vmap

import network as networks


def single(state):
    """f of one example, as torch.func wants it."""
    layers = state["network"]["layers"]
    return lambda parameters, x: networks.forward(layers, parameters, x.unsqueeze(0)).squeeze(0)


def differentiator(state, method, outputs):
    """(parameters, batch) → {name: (n, K, shape)}."""
    f = single(state)
    if method == "vmap(jacrev)":
        return vmap(jacrev(f), in_dims=(None, 0))
    if method == "vmap(jacrev), compiled":
        return torch.compile(vmap(jacrev(f), in_dims=(None, 0)), dynamic=False)
    if method == "loop over outputs":
        each = [
            vmap(grad(lambda parameters, x, k=k: f(parameters, x)[k]), in_dims=(None, 0)) for k in range(outputs)
        ]

        def loop(parameters, batch):
            found = [one(parameters, batch) for one in each]
            return {name: torch.stack([part[name] for part in found], 1) for name in found[0]}

        return loop
    raise ValueError(method)


def blocks(state, differentiate, chunk, count):
    for first in range(0, count, chunk):
        yield differentiate(state["parameters"], state["inputs"][first : min(count, first + chunk)])


def rows(state, method, threads, chunk, count, outputs, check=False):
    """Seconds for the rows of `count` examples, handed over chunk by chunk; with `check` the first two examples' rows."""
    torch.set_num_threads(threads)
    key = (method, outputs, "differentiator")
    if key not in state:
        state[key] = differentiator(state, method, outputs)
    differentiate = state[key]
    start = time.perf_counter()
    for block in blocks(state, differentiate, chunk, count):
        del block
    seconds = time.perf_counter() - start
    answer = {"seconds": seconds}
    if check:
        first = differentiate(state["parameters"], state["inputs"][:2])
        answer["rows"] = networks.flat(first, state["parameters"]).flatten().tolist()
    return answer


def tune(state, settings, count, outputs):
    """Seconds an example of every setting (method, threads, chunk), the best first; each is warmed up once."""
    found = []
    best = float("inf")
    for setting in settings:
        chunk = setting["chunk"]
        try:
            rows(state, count=chunk, outputs=outputs, **setting)
            seconds = rows(state, count=chunk, outputs=outputs, **setting)["seconds"] / chunk
            if seconds < 2 * best:
                for _ in range(2):
                    seconds = min(seconds, rows(state, count=count, outputs=outputs, **setting)["seconds"] / count)
            best = min(best, seconds)
            found.append({**setting, "seconds": seconds})
        except Exception as error:  # noqa: BLE001 - a setting that does not run is told, not fatal
            found.append({**setting, "error": str(error)[:200]})
    found.sort(key=lambda setting: setting.get("seconds", float("inf")))
    return {"settings": found}
