"""The MD5 hash by which NAS-Bench-101's files name a cell."""

import hashlib

from archrank.spaces.nasbench101_modules import Module

__all__ = ["module_hash"]


def module_hash(module: Module) -> str:
    """The same 32 hexadecimal digits for all numberings of a module.

    Each vertex starts with a digest of how many vertices read it, how many it reads, and its label. As many times
    as there are vertices, each then takes in the sorted digests of those that it reads and that read it. Over the
    cells of the benchmark, no two of which share a hash, this settles identity; a larger space would need proof.

    Reference: Ying et al., NAS-Bench-101, supplementary material S1.

    >>> module_hash(Module((0, 1), ()))
    '043721b9c7fe8c5fad811d47d83132ec'
    """
    size = len(module.sources)
    reads = [[s for s in range(size) if mask >> s & 1] for mask in module.sources]
    readers = [[t for t in range(size) if module.sources[t] >> s & 1] for s in range(size)]
    labels = (-1, *module.labels, -2)
    digests = [_md5(f"({len(readers[v])}, {len(reads[v])}, {labels[v]})") for v in range(size)]
    for _ in range(size):
        joined = ["".join(sorted(digests[s] for s in reads[v])) for v in range(size)]
        onward = ["".join(sorted(digests[t] for t in readers[v])) for v in range(size)]
        digests = [_md5(f"{joined[v]}|{onward[v]}|{digests[v]}") for v in range(size)]
    return _md5(str(sorted(digests)))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
