"""Training steps in PyTorch, eager and compiled."""

import torch
import torch.nn.functional as F

import network as networks
from clock import now


def start(state, threads, compiled, channels_last):
    """A step on a batch: mean over it of ½‖f − y‖², plain gradient descent."""
    torch.set_num_threads(threads)
    module = networks.Module(state["network"], state["parameters"])
    if channels_last:
        module = module.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(module.parameters(), lr=state["learning_rate"])

    def loss_of(x, y):
        return 0.5 * (module(x) - y).square().sum(1).mean()

    evaluate = torch.compile(loss_of, dynamic=False) if compiled else loss_of

    def step(x, y):
        optimizer.zero_grad(set_to_none=True)
        loss = evaluate(x, y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def batches(state, batch, outputs, channels_last):
    x = state["inputs"][:batch]
    if channels_last and x.ndim == 4:
        x = x.contiguous(memory_format=torch.channels_last)
    return x, F.one_hot(state["labels"][:batch], outputs).float()


def steps(state, threads, compiled, channels_last, batch, outputs, count, learning_rate):
    """Seconds of `count` steps on the first batch after a first one, and the losses from the given weights on."""
    state["learning_rate"] = learning_rate
    key = ("training", threads, compiled, channels_last)
    torch.set_num_threads(threads)
    x, y = batches(state, batch, outputs, channels_last)
    if key not in state:
        step = start(state, threads, compiled, channels_last)
        losses = [step(x, y).item() for _ in range(5)]
        state[key] = (step, losses)
    step, losses = state[key]
    begin = now()
    for _ in range(count):
        step(x, y)
    return {"seconds": now() - begin, "losses": losses}


def tune(state, threads, batch, outputs, learning_rate):
    found = []
    for compiled in (False, True):
        for thread in threads:
            for channels_last in (False, True):
                setting = {"compiled": compiled, "threads": thread, "channels_last": channels_last}
                try:
                    arguments = dict(batch=batch, outputs=outputs, learning_rate=learning_rate, **setting)
                    steps(state, count=2, **arguments)
                    setting["seconds"] = min(steps(state, count=2, **arguments)["seconds"] for _ in range(3)) / 2
                except Exception as error:  # noqa: BLE001 - a setting that does not run is told, not fatal
                    setting["error"] = str(error)[:300]
                found.append(setting)
    found.sort(key=lambda setting: setting.get("seconds", float("inf")))
    return {"settings": found}
