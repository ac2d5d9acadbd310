"""Text that can be sent and must not be shown."""

SHOWN = "[secret]"
"""What stands in the place of a secret."""


class SecretText(str):
    """A text like any other to whoever sends it, but without a telling `repr`: a key, a secret or a token."""

    __slots__ = ()

    def __repr__(self) -> str:
        return SHOWN
