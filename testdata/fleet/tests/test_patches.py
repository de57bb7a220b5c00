"""The names of patch files."""

import pytest

from patches import name_of


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        ("shop/web", "shop/web.patch"),
        ("a b/c+d", "a b/c+d.patch"),
        ("../../etc/x", "%2E./%2E./etc/x.patch"),
        ("/etc/x", "%/etc/x.patch"),
        ("git@host:a/b", "git@host%3Aa/b.patch"),
        ("a%2Fb", "a%252Fb.patch"),
        ("..", "%2E..patch"),
    ],
)
def test_patches_stay_below_their_folder(repository: str, name: str) -> None:
    assert name_of(repository) == name
