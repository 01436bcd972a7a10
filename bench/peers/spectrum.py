"""The top singular triplets: SciPy's svds on curvlinops' Jacobian, and block Krylov on rows by vmap(jacrev)."""

import numpy
import torch
from curvlinops import JacobianLinearOperator
from scipy.sparse.linalg import LinearOperator, svds

import jacobian
import network as networks
from clock import now


class Counted:
    """A SciPy operator that counts and times its products."""

    def __init__(self, inner):
        self.inner, self.forward, self.backward, self.seconds = inner, 0, 0, 0.0
        self.operator = LinearOperator(
            inner.shape,
            matvec=lambda v: self.timed(inner.matvec, v, "forward"),
            rmatvec=lambda v: self.timed(inner.rmatvec, v, "backward"),
            matmat=lambda v: self.timed(inner.matmat, v, "forward"),
            rmatmat=lambda v: self.timed(inner.rmatmat, v, "backward"),
            dtype=inner.dtype,
        )

    def timed(self, product, vectors, kind):
        start = now()
        result = product(vectors)
        self.seconds += now() - start
        columns = 1 if vectors.ndim == 1 else vectors.shape[1]
        setattr(self, kind, getattr(self, kind) + columns)
        return result


def operator(state, batch, count):
    module = networks.Module(state["network"], state["parameters"]).eval()
    x = state["inputs"][:count]
    data = [(x[first : first + batch], torch.zeros(1)) for first in range(0, count, batch)]
    sizes = count
    linear = JacobianLinearOperator(
        module, list(module.parameters()), data, check_deterministic=False, num_data=sizes
    )
    return linear.to_scipy(dtype=numpy.float32)


def tune_products(state, threads, batches, count):
    """Seconds of one Jv and one Jᵀu for every setting, the best pair first."""
    found = []
    for thread in threads:
        torch.set_num_threads(thread)
        for batch in batches:
            if batch > count:
                continue
            linear = operator(state, batch, count)
            v = numpy.ones(linear.shape[1], numpy.float32)
            u = numpy.ones(linear.shape[0], numpy.float32)
            linear.matvec(v), linear.rmatvec(u)
            start = now()
            linear.matvec(v)
            middle = now()
            linear.rmatvec(u)
            end = now()
            found.append(
                {"threads": thread, "batch": batch, "forward": middle - start, "backward": end - middle, "seconds": end - start}
            )
    found.sort(key=lambda setting: setting["seconds"])
    return {"settings": found}


def lanczos(state, threads, batch, count, rank, tolerance, seed):
    """SciPy's svds (ARPACK) on curvlinops' operator."""
    torch.set_num_threads(threads)
    counted = Counted(operator(state, batch, count))
    start = now()
    _, values, _ = svds(counted.operator, k=rank, tol=tolerance, rng=numpy.random.default_rng(seed))
    seconds = now() - start
    return {
        "seconds": seconds,
        "values": sorted((float(value) for value in values), reverse=True),
        "forwardProducts": counted.forward,
        "backwardProducts": counted.backward,
        "productSeconds": counted.seconds,
    }


class Rows:
    """J of the first `count` examples, streamed chunk by chunk or held; sweeps parameter by parameter, nothing copied."""

    def __init__(self, state, method, chunk, count, outputs, hold):
        key = (method, outputs, "differentiator")
        if key not in state:
            state[key] = jacobian.differentiator(state, method, outputs)
        self.state, self.differentiate, self.chunk, self.count, self.outputs = state, state[key], chunk, count, outputs
        self.sizes = [value.numel() for value in state["parameters"].values()]
        self.held = [self.flatten(block) for block in self.stream()] if hold else None

    def stream(self):
        return jacobian.blocks(self.state, self.differentiate, self.chunk, self.count)

    def flatten(self, block):
        return [value.reshape(value.shape[0] * self.outputs, -1) for value in block.values()]

    def sweep(self, q):
        """Y = JQ and Z = Jᵀ(JQ)."""
        parts = q.split(self.sizes)
        back = torch.zeros_like(q)
        backs = back.split(self.sizes)
        products = []
        for block in self.held if self.held is not None else (self.flatten(block) for block in self.stream()):
            y = block[0] @ parts[0]
            for rows, part in zip(block[1:], parts[1:]):
                y.addmm_(rows, part)
            for rows, part in zip(block, backs):
                part.addmm_(rows.T, y)
            products.append(y)
        return torch.cat(products), back


def orthonormal(z, basis, lengths=None):
    """An orthonormal basis of z outside `basis`: two passes, Gram matrices in float64, rounding-level directions dropped."""
    for _ in range(2):
        before = z.double().norm(dim=0) if lengths is None else lengths
        for q in basis:
            z = (z.double() - q.double() @ (q.double().T @ z.double())).float()
        scaled = z.double() / before
        values, vectors = torch.linalg.eigh(scaled.T @ scaled)
        keep = values > 1e-14 * max(1.0, values[-1].item())
        z = (scaled @ (vectors[:, keep] / values[keep].sqrt())).float()
        lengths = None
    return z


def block_krylov(state, method, threads, chunk, count, outputs, rank, block, tolerance, hold, seed):
    """Block Krylov as our engine does it (all earlier blocks, float64 Gram matrices, ρ²/γ estimates), in PyTorch."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    start = now()
    with torch.no_grad():
        source = Rows(state, method, chunk, count, outputs, hold)
        p = sum(source.sizes)
        basis, products, opened = [orthonormal(torch.randn(p, block), [])], [], None
        while True:
            y, z = source.sweep(basis[-1])
            products.append(y)
            all_products = torch.cat(products, 1).double()
            energies, vectors = torch.linalg.eigh(all_products.T @ all_products)
            values = energies.flip(0).clamp(min=0).sqrt()
            vectors = vectors.flip(1)
            rest, lengths = z, z.double().norm(dim=0)
            for q in basis:
                rest = (rest.double() - q.double() @ (q.double().T @ rest.double())).float()
            opened = rest.double().T @ rest.double()
            tail = vectors[-basis[-1].shape[1] :, :rank]
            outside = (tail * (opened @ tail)).sum(0).clamp(min=0).sqrt()
            bounds = outside / values[:rank]
            gaps = values[:rank] - values[rank]
            errors = torch.where(gaps > bounds, bounds * bounds / gaps, bounds) / values[:rank]
            if len(basis) >= 2 and bool((errors <= tolerance).all()):
                break
            if len(basis) >= 12:
                raise RuntimeError("block Krylov did not converge in 12 sweeps")
            basis.append(orthonormal(rest, basis, lengths))
        left = (all_products @ (vectors[:, :rank] / values[:rank])).float()
        right = (torch.cat(basis, 1).double() @ vectors[:, :rank]).float()
    seconds = now() - start
    del left, right
    return {"seconds": seconds, "values": values[:rank].tolist(), "sweeps": len(products)}
