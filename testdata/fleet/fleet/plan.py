"""How repositories are spread over partitions.

A repository is never split: a finding may depend on any two of its files, such as a Dockerfile and the nix.conf that it
copies, and which those are is known only once they are read. So the largest repository bounds how short a run can be.
What can be done is to begin with it. A repository with more bytes than its share gets a partition of its own, the
largest one the first, and Spark starts the partitions in that order; all others are spread by hash.
"""

from collections.abc import Iterable

SHARE = 32 << 20  # bytes a partition, where the number of partitions is not given


def partitions_for(total: int, cores: int) -> int:
    """The number of partitions for so many bytes: some for each core, so one that is slower does not delay the end."""
    return max(4 * cores, -(-total // SHARE))


def large_from(total: int, partitions: int) -> int:
    """The size in bytes from which a repository gets a partition of its own."""
    return max(1 << 20, -(-total // partitions))


def large_first(sizes: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The partitions of large repositories, given with their sizes."""
    ordered = sorted(sizes, key=lambda s: (-s[1], s[0]))
    return {repository: n for n, (repository, _) in enumerate(ordered)}
