"""A network of LEMUR from its code: built and traced without numbers. To be imported in a sandbox only."""

import hashlib
import importlib.util
import re
import sys
import types
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from archrank.errors import ArchrankError
from archrank.modules.outline import in_outline
from archrank.modules.tracing import trace_call
from archrank.network_features import network_features

META = torch.device("meta")
KEPT = []


class EverywhereMeta(TorchFunctionMode):
    """Tensors stay on the meta device, whatever device the code asks for."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in (Tensor.cpu, Tensor.cuda):
            return args[0]
        if function is Tensor.to:
            kinds = [
                value for value in (*args[1:], *kwargs.values()) if isinstance(value, torch.dtype | Tensor)
            ]
            return (
                args[0].to(kinds[0].dtype if isinstance(kinds[0], Tensor) else kinds[0]) if kinds else args[0]
            )
        if kwargs.get("device") is not None:
            kwargs["device"] = META
        return function(*args, **kwargs)


def declare_torchvision():
    """Make torchvision importable beside a build of PyTorch that its compiled operators do not fit, by their names."""
    found = importlib.util.find_spec("torchvision")
    if found is None:
        return
    text = (Path(found.origin).parent / "_meta_registrations.py").read_text(encoding="utf-8")
    names = re.findall(r'register_meta\("(\w+)"|register_fake\("torchvision::(\w+)"', text)
    library = torch.library.Library("torchvision", "DEF")
    for name in sorted({one or other for one, other in names}):
        library.define(f"{name}(Tensor x) -> Tensor")
    KEPT.append(library)
    import torchvision  # noqa: F401


def traced(request):
    """The features of a network, or why it cannot be traced.

    Args:
        request: ``name``; ``source``, its code; ``shape`` of a batch; ``complex``, whether images have complex numbers;
            ``classes``; ``settings``, its hyper-parameters.
    """
    errors = []
    for device, contexts in ((META, (in_outline, EverywhereMeta)), (torch.device("cpu"), ())):
        try:
            graph = graph_of(request, device, contexts)
        except MemoryError:
            errors.append("MemoryError")
        except (Exception, SystemExit) as error:
            shown = str(error) if isinstance(error, ArchrankError) else f"{type(error).__name__}: {error}"
            errors.append(" ".join(shown.split())[:300])
        else:
            key = hashlib.sha256(repr(graph.key).encode()).hexdigest()[:20]
            return {"features": network_features(graph), "key": key, "device": device.type}
    return {"error": errors[-1], "error_on_meta": errors[0]}


def graph_of(request, device, contexts):
    """Run the code, build its network and trace it, all of it within contexts."""
    torch.manual_seed(0)
    module = types.ModuleType("lemur_network")
    sys.modules[module.__name__] = module
    shape = tuple(request["shape"])
    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context())
        exec(compile(request["source"], request["name"] + ".py", "exec"), module.__dict__)  # noqa: S102 # sandboxed
        network = module.Net(shape, tuple(request["classes"]), dict(request["settings"]), device)
        images = torch.empty(
            shape, device=META, dtype=torch.complex64 if request["complex"] else torch.float32
        )
        return trace_call(network, (images,), {}, dropout=True)
