"""Choices that stand in a network are made."""

from torch import nn

from archrank.chooser import Chooser
from archrank.errors import SpaceError
from archrank.modules.placed import Placed
from archrank.modules.unbuilt import Unbuilt

__all__ = ["with_choices"]


def with_choices(network: nn.Module, choose: Chooser) -> nn.Module:
    """A network with a module in the place of every choice; choices within the chosen modules are made too."""
    done: dict[int, nn.Module] = {}
    asked = choose.asked
    if isinstance(network, Placed):
        return with_choices(network.chosen(choose, "network"), choose)
    _replace(network, "", choose, done, asked)
    return network


def _replace(
    module: nn.Module, path: str, choose: Chooser, done: dict[int, nn.Module], asked: frozenset[str]
) -> None:
    # Not named_children, which leaves out what stands at a second place.
    for name, child in [(name, child) for name, child in module._modules.items() if child is not None]:
        at = f"{path}.{name}" if path else name
        replaced = child
        while isinstance(replaced, Placed):
            if id(replaced) not in done:
                if at in asked:
                    raise SpaceError(
                        f"the choice {at!r} that stands in the network has the name of a choice that the chooser was "
                        "asked for; give that one another name"
                    )
                done[id(replaced)] = replaced.chosen(choose, at)
            replaced = done[id(replaced)]
        if replaced is not child:
            module._modules[name] = replaced
        if id(replaced) not in done:
            done[id(replaced)] = replaced
            if isinstance(replaced, Unbuilt):
                continue  # there are no choices in it
            _replace(replaced, at, choose, done, asked)
