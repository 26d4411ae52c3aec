"""Lists over all their pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from .._errors import OutpayError

T = TypeVar("T")
P = TypeVar("P")


class List(Generic[T, P]):
    """A list: a loop over it reads as many pages as it needs."""

    def __init__(self, read: Callable[[str | None], Any], cursor: str | None) -> None:
        self._read = read
        self._start = cursor

    def page(self) -> P:
        """The first page, or the one at the cursor that was given."""
        return cast(P, self._read(self._start))

    def pages(self) -> Iterator[P]:
        """All pages from there on."""
        cursor = self._start
        while True:
            page = self._read(cursor)
            yield cast(P, page)
            if not page["has_more"]:
                return
            if page["next_cursor"] in (None, cursor):
                raise OutpayError("The list says that there is more and does not say where.")
            cursor = page["next_cursor"]

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in cast(Any, page)["data"]:
                yield item

    def all(self, most: int | None = None) -> list[T]:
        """All items, or the first ``most``."""
        items: list[T] = []
        if most is not None and most <= 0:
            return items
        for item in self:
            items.append(item)
            if len(items) == most:
                break
        return items
