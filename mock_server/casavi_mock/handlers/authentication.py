"""Log-in, refresh, and the check of a token. Source: facts page, section 2."""

from collections.abc import Mapping
from dataclasses import dataclass

from casavi_mock.accounts import Account, Registry
from casavi_mock.domain.model import Json, Secret, Token
from casavi_mock.domain.tokens import objection
from casavi_mock.errors import Refused
from casavi_mock.handlers.saving import refuse_unsaved

_DETAILS = {
    "token-missing": "Send the token of /authenticate in the header `token`.",
    "token-unknown": "The token was never given out, or is long gone. Log in again.",
    "token-expired": "The token has expired. Log in again, or refresh a token before it expires.",
    "token-revoked": "A newer token has taken its place. Use the newest one, or log in again.",
    "token-foreign": "The token does not belong to the API key that was sent with it.",
}

_NOBODY = Secret("")


@dataclass(frozen=True, slots=True)
class LogIn:
    """A log-in that succeeded."""

    account: Account
    token: Token
    deprecated: bool
    """The deprecated parameters were used."""


def authenticate(registry: Registry, body: Mapping[str, Json]) -> LogIn:
    """Logs in with key and secret, or with the deprecated `apiKey` and `password`.

    Args:
        registry: The accounts.
        body: A request that satisfies the contract.

    Raises:
        Refused: Wrong credentials, or old and new names together where the policy refuses that.
    """
    key, secret, deprecated = _credentials(registry, body)
    account = registry.get(key)
    # Compared even if there is no such account, so that the time taken tells nothing.
    right = (account.secret if account else _NOBODY).matches(secret)
    if account is None or not right:
        raise Refused("credentials-wrong", "Key and secret do not match an account of this server.")
    if not account.secret.reveal():  # of an earlier run, and known by its digest alone until now
        account.secret = Secret(secret)
    return LogIn(account, issued(account), deprecated)


def named_key(registry: Registry, body: Mapping[str, Json]) -> str:
    """Returns the key that a log-in names, whether or not there is such an account.

    Args:
        registry: The accounts, with the policy about mixed names.
        body: A request that satisfies the contract.

    Raises:
        Refused: Old and new names came together, and the policy refuses that.
    """
    return _credentials(registry, body)[0]


def refresh(registry: Registry, api_key: str, token_text: str) -> LogIn:
    """Gives out a new token for one that was given out. Source: facts page, section 2.3.

    Args:
        registry: The accounts.
        api_key: The key that the request names.
        token_text: The token that it names, as it came.

    Raises:
        Refused: The token is unknown, revoked, expired (if the policy says so) or of another account. Whether there is
            an account with that key can not be told from it.
    """
    found = registry.holder(token_text)
    if found is None:
        raise refused_token("token-unknown")
    token, account = found
    if not Secret(token.owner).matches(api_key):
        raise refused_token("token-foreign")
    with account.lock:
        rule = objection(token, account.clock.now())
        if rule and not (rule == "token-expired" and account.settings.policy.refresh_accepts_expired_token):
            raise refused_token(rule)
        return LogIn(account, issued(account, token), deprecated=False)


def issued(account: Account, former: Token | None = None) -> Token:
    """Returns a new token of an account.

    Args:
        account: The account.
        former: The token in whose place it comes, if there is one.

    Raises:
        Refused: It cannot be saved.
    """
    refuse_unsaved(account)
    return account.issue_token(former)


def authorize(registry: Registry, token_text: str | None, authorization: str | None = None) -> Account:
    """Returns the account that a token belongs to.

    Args:
        registry: The accounts.
        token_text: The header `token`, None if it was not sent.
        authorization: The header `Authorization`, only for a better hint.

    Raises:
        Refused: The token is missing, unknown, expired or revoked.
    """
    if not token_text:
        hint = " The header `Authorization` is not used." if authorization else ""
        raise refused_token("token-missing", hint)
    found = registry.holder(token_text)
    if found is None:
        hint = " Send it raw, without `Bearer`." if token_text[:7].lower() == "bearer " else ""
        raise refused_token("token-unknown", hint)
    token, account = found
    now = account.clock.now()
    if (token.revoked or now >= token.expires_at) and (rule := objection(token, now)):
        raise refused_token(rule)
    return account


def refused_token(rule: str, hint: str = "") -> Refused:
    """Returns the refusal of a token.

    Args:
        rule: One of the `token-…` rules of the contract.
        hint: A further sentence for the client, with a blank in front.
    """
    return Refused(rule, _DETAILS[rule] + hint)


def _credentials(registry: Registry, body: Mapping[str, Json]) -> tuple[str, str, bool]:
    new, old = _pair(body, "key", "secret"), _pair(body, "apiKey", "password")
    choice = registry.settings.policy.mixed_credentials
    if new and old and choice == "refuse":
        raise Refused("mixed-credentials", "Send key and secret alone; apiKey, email and password are deprecated.")
    if new and not (old and choice == "old-names-win"):
        return *new, False
    assert old is not None, "the contract asks for one of the two pairs"
    return *old, True


def _pair(body: Mapping[str, Json], key_name: str, secret_name: str) -> tuple[str, str] | None:
    """Returns key and secret under these names, or None if they are unusable: beside a good pair anything may stand."""
    key, secret = body.get(key_name), body.get(secret_name)
    return (key, secret) if isinstance(key, str) and key and isinstance(secret, str) else None
