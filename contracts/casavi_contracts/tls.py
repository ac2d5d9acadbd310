"""Whom a client trusts."""

import ssl


def trusted(url: str) -> ssl.SSLContext | bool:
    """Returns what httpx takes as `verify` for a client of one address.

    The certificates of all authorities take longer to load than many requests to answer, and plain HTTP has no use for
    them.

    Args:
        url: The address.

    Returns:
        True for HTTPS: httpx loads the authorities, as the environment names them. Otherwise what trusts nobody, so
        that nothing gets through if TLS is spoken all the same.
    """
    return True if url.lower().startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
