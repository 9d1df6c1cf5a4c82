"""Messages of any kind with any content, made of their classes."""

from typing import Any
from uuid import UUID

import attrs
from hypothesis import strategies as st

st.register_type_strategy(UUID, st.uuids())


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Make values of a type. Small whole numbers and short texts: limits of size are another test's."""
    base = getattr(kind, "__supertype__", kind)
    if base is int:
        return st.integers(-(2**40), 2**40)
    if base is str:
        return st.text(max_size=20)
    args = getattr(kind, "__args__", ())
    if args and args[-1] is Ellipsis:
        return st.lists(any_of(args[0]), max_size=3).map(tuple)
    if args:
        return st.one_of(*(st.none() if arg is type(None) else any_of(arg) for arg in args))
    if isinstance(base, type) and attrs.has(base):
        return st.builds(base, **{field.name: any_of(field.type) for field in attrs.fields(base)})
    return st.from_type(base)
