"""How repositories are spread."""

from fleet import plan


def test_large_repositories_come_first() -> None:
    assert plan.large_first([("b", 5), ("a", 5), ("c", 9)]) == {"c": 0, "a": 1, "b": 2}


def test_large_repositories_are_fewer_than_partitions() -> None:
    sizes = [100 << 20] * 10 + [1000] * 1000
    partitions = plan.partitions_for(sum(sizes), 2)
    assert partitions == 32
    least = plan.large_from(sum(sizes), partitions)
    assert sum(size >= least for size in sizes) <= partitions
    assert least > 1 << 20


def test_small_runs_have_some_partitions_for_each_core() -> None:
    assert plan.partitions_for(0, 2) == 8
    assert plan.large_from(0, 8) == 1 << 20
