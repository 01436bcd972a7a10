"""A network of ours (network.json, safetensors by layer name) as plain PyTorch functions and as a module."""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": F.softplus,
    "gelu": F.gelu,
    "erf": torch.erf,
}


def read(network_file, weights_file):
    """(layers, parameters): parameters by name in the order of our parameter vector, kernels as PyTorch keeps them."""
    with open(network_file) as file:
        network = json.load(file)
    tensors = load_file(weights_file)
    parameters = {}
    for name in names(network["layers"]):
        if name not in tensors:
            continue
        value = tensors[name]
        if value.ndim == 4:
            value = value.permute(3, 2, 0, 1)
        elif value.ndim == 2:
            value = value.T
        parameters[name] = value.contiguous()
    return network, parameters


def names(layers):
    for layer in layers:
        if layer["type"] in ("dense", "conv2d"):
            yield f"{layer['name']}/kernel"
            yield f"{layer['name']}/bias"
        elif layer["type"] == "residual":
            yield from names(layer["main"])
            yield from names(layer["shortcut"])


def inputs(features, network):
    """Rows of features (NHWC) as PyTorch wants them: NCHW, or n × d."""
    if len(network["input"]) == 1:
        return features
    return features.reshape(-1, *network["input"]).permute(0, 3, 1, 2).contiguous()


def forward(layers, parameters, x):
    """f(x) of a batch."""
    for layer in layers:
        x = apply(layer, parameters, x)
    return x


def apply(layer, parameters, x):
    kind = layer["type"]
    if kind == "dense":
        kernel, bias = parameters[f"{layer['name']}/kernel"], parameters.get(f"{layer['name']}/bias")
        return ACTIVATIONS[layer.get("activation", "linear")](F.linear(x, kernel, bias))
    if kind == "conv2d":
        kernel, bias = parameters[f"{layer['name']}/kernel"], parameters.get(f"{layer['name']}/bias")
        x = F.conv2d(x, kernel, bias, layer.get("strides", 1), layer["padding"])
        return ACTIVATIONS[layer.get("activation", "linear")](x)
    if kind == "activation":
        return ACTIVATIONS[layer["activation"]](x)
    if kind == "globalAveragePooling2d":
        return x.mean((-2, -1))
    if kind == "padShortcut":
        before, after = layer["channels"]
        step = layer["strides"]
        return F.pad(x[..., ::step, ::step], (0, 0, 0, 0, before, after))
    if kind == "residual":
        return forward(layer["main"], parameters, x) + forward(layer["shortcut"], parameters, x)
    raise ValueError(f"the peers know no layer of type {kind}")


class Module(torch.nn.Module):
    """The same with parameters of its own, for optimisers and for curvlinops."""

    def __init__(self, network, parameters):
        super().__init__()
        self.layers = network["layers"]
        self.names = list(parameters)
        self.values = torch.nn.ParameterList(torch.nn.Parameter(value.clone()) for value in parameters.values())

    def forward(self, x):
        return forward(self.layers, dict(zip(self.names, self.values)), x)


def flat(parameters, ours):
    """(…, p) in the order of our parameter vector, from tensors (…, shape) in PyTorch's layouts."""
    pieces = []
    for name, value in parameters.items():
        lead = value.ndim - ours[name].ndim
        if ours[name].ndim == 4:
            value = value.permute(*range(lead), lead + 2, lead + 3, lead + 1, lead)
        elif ours[name].ndim == 2:
            value = value.transpose(-1, -2)
        pieces.append(value.reshape(*value.shape[:lead], -1))
    return torch.cat(pieces, -1)
