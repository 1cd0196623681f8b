"""Networks with habits that could mislead what remembers parts of them."""

import copy
import functools
import random

import torch
from torch import nn
from torch.nn import functional as F

import archrank as ar

WIDTH = 8
WIDTHS = [8, 12]
COUNT = 0
SHARED = nn.Linear(8, 8).requires_grad_(False)


class Block(nn.Module):
    """A block that holds a parameter of its own."""

    def __init__(self, width, act=nn.ReLU, bias=True):
        super().__init__()
        self.fc, self.act = nn.Linear(width, width, bias=bias), act()
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x + self.act(self.fc(x)) * self.scale


class Old(Block):
    """Super in the old way, and a property."""

    def __init__(self, width, act=nn.Tanh):
        super(Old, self).__init__(width, act=act)  # noqa: UP008

    @property
    def first(self):
        return self.fc

    def forward(self, x):
        return super().forward(self.first(x))


class Root(nn.Module):
    def __init__(self, *parts):
        super().__init__()
        self.stem, self.parts, self.head = nn.Linear(4, 8), nn.ModuleList(parts), nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x)
        for part in self.parts:
            x = part(x)
        return self.head(x)


class Twice(Root):
    def forward(self, x):
        x = self.stem(x)
        for part in self.parts:
            x = part(part(x))
        return self.head(x)


def depth(choose):
    return range(choose.integer("depth", 1, 3))


def plain(choose):
    return Root(*(Block(8, choose(f"act {i}", {"relu": nn.ReLU, "tanh": nn.Tanh})) for i in depth(choose)))


def inherited(choose):
    return Root(*(choose(f"kind {i}", {"old": Old, "new": Block})(8) for i in depth(choose)))


def twice(choose):
    return Twice(*(Block(8, bias=choose(f"bias {i}", [False, True])) for i in depth(choose)))


def twice_without_parameters(choose):
    return Twice(*(nn.Linear(8, 8, choose(f"bias {i}", [False, True])) for i in depth(choose)))


def shared_layer(choose):
    block = Block(8)
    return Root(*(block if choose(f"same {i}", [False, True]) else Block(8) for i in depth(choose)))


def tied_weights(choose):
    blocks = [Block(8) for _ in depth(choose)]
    if choose("tied", [False, True]):
        blocks[-1].fc.weight = blocks[0].fc.weight
    return Root(*blocks)


def child_replaced(choose):
    blocks = [Block(8) for _ in depth(choose)]
    if choose("other", [False, True]):
        blocks[0].act = nn.Tanh()
    return Root(*blocks)


def child_changed(choose):
    pools = [nn.AvgPool1d(2) for _ in depth(choose)]
    pools[0].padding = (choose("padding", [0, 1]),)
    return nn.Sequential(*pools)


def hooked(choose):
    blocks = [Block(8) for _ in depth(choose)]
    if choose("hook", [False, True]):
        blocks[0].register_forward_hook(lambda module, args, output: torch.sigmoid(output))
    return Root(*blocks)


class HooksItself(Block):
    def __init__(self, width):
        super().__init__(width)
        self.fc.register_forward_hook(lambda module, args, output: output.tanh())


def hooks_itself(choose):
    return Root(*(HooksItself(8) if choose(f"hook {i}", [False, True]) else Block(8) for i in depth(choose)))


class Counts(nn.Module):
    """Its second call does something else."""

    def __init__(self, width):
        super().__init__()
        self.fc, self.calls = nn.Linear(width, width), 0

    def forward(self, x):
        self.calls += 1
        return self.fc(x) if self.calls == 1 else torch.tanh(self.fc(x))


def counts_calls(choose):
    return Twice(*(Counts(8) if choose(f"counts {i}", [False, True]) else Block(8) for i in depth(choose)))


class CountsInBuffer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
        self.register_buffer("seen", torch.zeros(width))

    def forward(self, x):
        self.seen.add_(1)
        return self.fc(x) * self.seen


def counts_in_buffer(choose):
    kinds = [choose(f"kind {i}", {"counts": CountsInBuffer, "block": Block}) for i in depth(choose)]
    return Twice(*(kind(8) for kind in kinds))


class InPlace(nn.Module):
    """What it does to a view of its input shows in the input."""

    def __init__(self, inplace, kept):
        super().__init__()
        self.act, self.kept, self.fc = nn.ReLU(inplace), kept, nn.Linear(8, 8)

    def forward(self, x):
        part = x[:, :4] if self.kept else x
        done = self.act(part)
        return self.fc(x) + F.pad(done, (0, 8 - done.shape[1]))


def in_place(choose):
    flags = [[choose(f"{name} {i}", [False, True]) for name in ("inplace", "view")] for i in depth(choose)]
    return Root(*(InPlace(*each) for each in flags))


class InPlaceOfCaller(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.act, self.flat = nn.ReLU(inplace=choose("inplace", [False, True])), nn.Flatten(1)
        self.fc, self.late = nn.Linear(8, 8), choose("late", [False, True])

    def forward(self, x):
        x = torch.cat([x, x], 1)
        flat = self.flat(x.unflatten(1, (2, 4)))
        done = self.act(x)
        if self.late:
            flat += 1
        return self.fc(flat + x * done)


class Splits(nn.Module):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def forward(self, x):
        return x.chunk(self.parts, 1)


class SplitsItsOwn(Splits):
    def forward(self, x):
        return torch.relu(x).chunk(self.parts, 1)


class ChangesAPart(nn.Module):
    """Parts of one tensor share its memory."""

    def __init__(self, choose):
        super().__init__()
        kind = choose("kind", {"input": Splits, "own": SplitsItsOwn})
        self.split, self.change = kind(choose("parts", [2, 4])), choose("change", [False, True])

    def forward(self, x):
        parts = list(self.split(torch.relu(x)))
        if self.change:
            parts[0].mul_(2)
        return torch.cat(parts[::-1], 1)


class SubtractsItself(nn.Module):
    """Two tensors that come from one place, or from two."""

    def __init__(self, choose):
        super().__init__()
        self.fc, self.itself = nn.Linear(4, choose.integer("width", 4, 12)), choose("itself", [False, True])

    def forward(self, x):
        x = self.fc(x)
        return torch.sub(x, x.view_as(x) if self.itself else x.exp())


class ReshapesInPlace(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.fc, self.flat = nn.Linear(4, 8), nn.Flatten(choose("start", [0, 1]))
        self.more, self.data = choose("more", [False, True]), choose("data", [False, True])

    def forward(self, x):
        x = self.fc(x)
        if self.more:
            x.unsqueeze_(1)
        if self.data:
            x.data = x.reshape(2, 2, -1)
        return self.flat(x)


class AsksForBool(nn.Module):
    def __init__(self, flag):
        super().__init__()
        self.act = nn.ReLU() if isinstance(flag, bool) else nn.Tanh()

    def forward(self, x):
        return self.act(x)


def equal_arguments(choose):
    flags = [choose(f"flag {i}", {"one": 1, "true": True, "float": 1.0}) for i in depth(choose)]
    return nn.Sequential(*map(AsksForBool, flags))


class Returns(nn.Module):
    def __init__(self, many):
        super().__init__()
        self.fc, self.many = nn.Linear(8, 8), many

    def forward(self, x, scale=None, *, last=False):
        y = self.fc(x) if scale is None else self.fc(x) * scale
        return (x, [y, None], "name") if self.many else (y, [x, None], last)


class UsesMany(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.parts = nn.ModuleList([Returns(choose(f"many {i}", [False, True])) for i in depth(choose)])
        self.scaled, self.same = choose("scaled", [False, True]), choose("same", [False, True])

    def forward(self, x):
        x = torch.cat([x, x], 1)
        for part in self.parts:
            first, (second, _), _ = part(x, x if self.same else x + 1, last=True) if self.scaled else part(x)
            x = first - second
        return x


class AsksTypes(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.act = choose("act", {"relu": nn.ReLU, "tanh": nn.Tanh})()
        self.fc = nn.Linear(4, 8) if type(self.act) is nn.ReLU else nn.Linear(4, 12)

    def forward(self, x):
        return self.act(self.fc(x))


class AsksInstances(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.act = choose("act", {"relu": nn.ReLU, "tanh": nn.Tanh, "block": lambda: Block(4)})()
        self.fc = nn.Linear(4, 8) if isinstance(self.act, nn.ReLU | Block) else nn.Linear(4, 12)

    def forward(self, x):
        return self.fc(self.act(x)) if isinstance(self.act, (nn.Tanh, Block)) else self.act(self.fc(x))


def copied(choose):
    block = Block(8)
    return Root(
        *(copy.deepcopy(block) if choose(f"copy {i}", [False, True]) else block for i in depth(choose))
    )


def frozen(choose):
    blocks = [Block(8) for _ in depth(choose)]
    if choose("frozen", [False, True]):
        for parameter in blocks[0].parameters():
            parameter.requires_grad = False
    return Root(*blocks)


class Sized(nn.Module):
    def __init__(self, sizes, eps):
        super().__init__()
        self.norm, self.eps = nn.LayerNorm(sizes, eps=eps), eps

    def forward(self, x):
        return self.norm(x) * self.eps


def arguments(choose):
    """Equal arguments of different types, and a list that is changed later."""
    sizes = [4]
    layer = Sized(sizes, choose("eps", [1.0, 2.0]))
    sizes[0] = 8
    return nn.Sequential(
        layer, nn.Flatten(choose("start", [0, 1])), nn.Hardtanh(0, choose("top", [1, 2])), nn.Linear(4, 4, 1)
    )


def made_by(width):
    def net(choose):
        return Root(
            *(
                Block(width, functools.partial(nn.LeakyReLU, choose("slope", [0.1, 0.2])))
                for _ in depth(choose)
            )
        )

    return net


class PlacedChoices(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 8)
        self.body = ar.repeat(Block(8), 1, 3)
        self.act = ar.choice({"relu": nn.ReLU(), "none": nn.Identity, "block": lambda: Block(8)})
        self.more = ar.repeat(lambda index: nn.Linear(8, 8, bool(index)), 1, 3)

    def forward(self, x):
        return self.more(self.act(self.body(self.stem(x))))


def reads_a_global(choose):
    return nn.Sequential(
        *(nn.Linear(4, 4) for _ in depth(choose)), nn.Linear(4, WIDTH), nn.Linear(WIDTH, WIDTHS[0])
    )


def counts_globally(choose):
    global COUNT
    COUNT += 1
    return Root(*(Block(8) for _ in depth(choose)))


class CountsInClass(nn.Module):
    made = 0

    def __init__(self, width):
        super().__init__()
        CountsInClass.made += 1
        self.fc = nn.Linear(width, width)

    def forward(self, x):
        return self.fc(x)


def counts_in_class(choose):
    return Root(*(CountsInClass(8) for _ in depth(choose)))


def counts_in_attribute(choose):
    counts_in_attribute.made = getattr(counts_in_attribute, "made", 0) + 1
    return Root(*(Block(8) for _ in depth(choose)))


def random_python(choose):
    random.random()
    return Root(*(Block(8) for _ in depth(choose)))


class RandomDepth(nn.Module):
    def __init__(self, choose):
        super().__init__()
        self.fc, self.rate = nn.Linear(4, 4), choose("rate", [0.0, 1e-9])

    def forward(self, x):
        return x if random.random() < self.rate else self.fc(x)


def global_layer(choose):
    return Root(*(SHARED if choose(f"shared {i}", [False, True]) else Block(8) for i in depth(choose)))


def remembers_defaults(choose, made=[]):  # noqa: B006
    made.append(choose)
    return Root(*(Block(8) for _ in depth(choose)))


@functools.lru_cache
def cached_block(width):
    return Block(width).requires_grad_(False)


def cached_blocks(choose):
    return Root(
        *(cached_block(8) if choose(f"cached {i}", [False, True]) else Block(8) for i in depth(choose))
    )


class LooksUp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer0 = nn.Linear(width, width)

    def __getattr__(self, name):
        return super().__getattr__(name.replace("first", "layer0"))

    def forward(self, x):
        return self.first(x)


def looks_up(choose):
    return Root(*(LooksUp(8) for _ in depth(choose)))


READABLE = (
    plain, inherited, twice, twice_without_parameters, shared_layer, tied_weights, child_replaced, child_changed,
    hooked, hooks_itself, counts_calls, counts_in_buffer, in_place, InPlaceOfCaller, ChangesAPart, UsesMany,
    SubtractsItself, ReshapesInPlace, equal_arguments,
    AsksInstances, copied, frozen, arguments, made_by(8), PlacedChoices, reads_a_global, counts_in_class,
)  # fmt: skip
UNREADABLE = (
    AsksTypes, counts_globally, counts_in_attribute, random_python, RandomDepth, global_layer, remembers_defaults,
    cached_blocks, looks_up,
)  # fmt: skip
EXAMPLES = {child_changed: (1, 4, 16)}
