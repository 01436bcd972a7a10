"""The empirical neural tangent kernel J Jᵀ in JAX: jacrev over the parameters, contracted layer by layer."""

import jax
import jax.numpy as jnp
import numpy

from clock import now

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh, "linear": lambda x: x}


def forward(layers, parameters, x):
    for layer in layers:
        if layer["type"] == "activation":
            x = ACTIVATIONS[layer["activation"]](x)
            continue
        x = x @ parameters[f"{layer['name']}/kernel"].T + parameters[f"{layer['name']}/bias"]
        x = ACTIVATIONS[layer.get("activation", "linear")](x)
    return x


def gram(state, count, outputs):
    """Seconds of the compiled nK × nK kernel, the best of three, and its trace and first row."""
    layers = state["network"]["layers"]
    parameters = {name: jnp.asarray(value.numpy()) for name, value in state["parameters"].items()}
    x = jnp.asarray(state["inputs"][:count].numpy())

    @jax.jit
    def kernel(parameters, x):
        jacobian = jax.vmap(lambda row: jax.jacrev(lambda w: forward(layers, w, row))(parameters))(x)
        parts = [value.reshape(count * outputs, -1) for value in jacobian.values()]
        return sum(part @ part.T for part in parts)

    kernel(parameters, x).block_until_ready()
    seconds = []
    for _ in range(3):
        start = now()
        found = kernel(parameters, x).block_until_ready()
        seconds.append(now() - start)
    found = numpy.asarray(found)
    return {"seconds": min(seconds), "trace": float(numpy.trace(found)), "row": found[0].tolist()}
