"""``@record``: what `attrs.frozen` is, for values that every call or every chunk makes anew.

The type checker refuses assignments to them exactly as it does for frozen ones. At run time nothing
does, because a frozen instance pays for each of its fields what all other fields cost together.
"""

from functools import partial
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from attrs import frozen as record
else:
    record = partial(attrs.define, unsafe_hash=True, on_setattr=attrs.setters.NO_OP)

__all__ = ["record"]
