"""Answers requests, one JSON object a line, for bench/peer.ts. Times are taken here, around the work alone."""

import json
import os
import platform
import sys
import warnings

warnings.filterwarnings("ignore")


def versions():
    from importlib.metadata import version

    names = ["torch", "curvlinops-for-pytorch", "scipy", "numpy", "jax"]
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def open_case(network, weights, examples):
    import torch
    from safetensors.torch import load_file

    import network as networks

    torch.manual_seed(0)
    found, parameters = networks.read(network, weights)
    data = load_file(examples)
    return {
        "network": found,
        "parameters": parameters,
        "inputs": networks.inputs(data["x"], found),
        "labels": data["label"].long(),
    }


def main():
    if "--versions" in sys.argv:
        print(json.dumps(versions()))
        return
    # Answers go to the first standard output; whatever libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    cases = {}
    for line in sys.stdin:
        request = json.loads(line)
        call, arguments = request["call"], request.get("arguments", {})
        try:
            if call == "versions":
                result = versions()
            elif call == "open":
                name = arguments.pop("case")
                cases[name] = open_case(**arguments)
                result = {}
            elif call == "close":
                cases.pop(arguments["case"])
                result = {}
            else:
                module, name = call.split(".")
                result = getattr(__import__(module), name)(cases[arguments.pop("case")], **arguments)
            answers.write(json.dumps({"result": result}) + "\n")
        except Exception as error:  # noqa: BLE001 - told to the caller, which decides
            import traceback

            traceback.print_exc()
            answers.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")


main()
