"""Checks about logging in."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from casavi_contracts.checks.conventions import expect_alike
from casavi_contracts.checks.definition import check, checks, row
from casavi_contracts.context import Context
from casavi_contracts.expect import nearmisses
from casavi_contracts.expect.calls import expect_still_good, is_good, lists, signed_in
from casavi_contracts.expect.moments import form
from casavi_contracts.expect.refusals import refused
from casavi_contracts.failures import Broken, Unshown
from casavi_contracts.http.exchange import Answer
from casavi_contracts.http.target import Capability, Credentials
from casavi_contracts.promises import Named

USES = 15
"""How often one token is used in a row."""

LOG_INS = 3

_UNGUESSABLE = 8
"""Characters in which two tokens have to differ at least; of a counter only the last few would."""

_EMAILS = ("joe.smith@acme.com", "", "no address", "jürgen@müller.example", "a@b@c", None)


@check(documented="2.1", operations=("authenticate",))
def log_in_gives_a_token(ctx: Context) -> None:
    """Key and secret of an account give a token that is good for reading."""
    client = ctx.fresh()
    body = client.log_in()
    for operation in lists(ctx.contract):
        answer = client.send(operation)
        ctx.expect(answer.ok, f"a page from {operation} with the new token", f"status {answer.status}")
    token = body["token"]
    ctx.expect(token.isprintable() and not _blank_in(token), "a token that a header can carry", "one with blanks")


@check(inferred="2.1", operations=("authenticate",))
def tokens_cannot_be_guessed(ctx: Context) -> None:
    """A token is a text that tells nothing of the secret, and does not follow from the token before."""
    clients = [signed_in(ctx) for _ in range(LOG_INS)]
    for client in clients:
        token, known = client.token, client.credentials
        ctx.expect(len(token) >= _UNGUESSABLE, f"a token of at least {_UNGUESSABLE} characters", f"{len(token)}")
        ctx.expect(known.secret not in token, "a token without the secret in it", "one that holds it")
        ctx.expect(known.key not in token, "a token without the key in it", "one that holds it")
    for one, other in itertools.pairwise(clients):
        differing = _differing(one.token, other.token)
        ctx.expect(
            differing == 0 or differing >= _UNGUESSABLE,  # whether they differ at all is another check's matter
            f"tokens of two log-ins to differ in {_UNGUESSABLE} characters or more",
            f"{differing}",
        )


@check(assumed="several-tokens", source="15", operations=("authenticate",))
def earlier_log_ins_stay_good(ctx: Context) -> None:
    """Every log-in gives a token of its own, and the tokens of earlier ones stay good."""
    tokens = [signed_in(ctx).token for _ in range(LOG_INS)]
    ctx.expect(len(set(tokens)) == LOG_INS, f"{LOG_INS} different tokens of {LOG_INS} log-ins", f"{len(set(tokens))}")
    good = [is_good(ctx.account, token) for token in tokens]
    several = ctx.contract.values["several-tokens"] == "all-valid"
    wanted = [several] * (LOG_INS - 1) + [True]
    ctx.expect(
        good == wanted,
        f"of {LOG_INS} tokens, oldest first, to be good: {wanted}",
        f"{good}",
        value="all-valid" if all(good) else "newest-only" if good == [False] * (LOG_INS - 1) + [True] else None,
    )


@check(inferred="2.1", operations=("authenticate",))
def token_works_again_and_again(ctx: Context) -> None:
    """A token is not used up, whatever else is asked for in between."""
    client = signed_in(ctx)
    for use in range(1, USES + 1):
        answer = client.send(lists(ctx.contract)[0])
        ctx.expect(answer.ok, f"the token to be good for use {use} of {USES}", f"status {answer.status}")


@check(documented="2.1", assumption="expires-at-format", operations=("authenticate",))
def expiry_is_a_moment_in_utc(ctx: Context) -> None:
    """The log-in tells when the token expires, in ISO 8601, in UTC, with milliseconds."""
    expiry_is_well_formed(ctx, ctx.fresh().log_in())


def expiry_is_well_formed(ctx: Context, body: dict[str, Any]) -> None:
    """Demands that an answer with a token tells its expiry in the form of the assumption `expires-at-format`."""
    written = form(body.get("expiresAt"))
    wanted = ctx.contract.values["expires-at-format"]
    example = "1985-12-05T15:31:10.000Z" if wanted == "milliseconds" else "1985-12-05T15:31:10Z"
    ctx.expect(written == wanted, f"expiresAt such as {example}", repr(body.get("expiresAt")), value=written)


Attempt = tuple[dict[str, Any], str, str]
"""A body, the rule by which it is refused, and what is wrong with it in words without secrets."""

_BOTH = (("key", "secret"), ("apiKey", "password"))
"""The names of key and secret, the new ones and the old ones."""


def _namings(ctx: Context) -> tuple[tuple[str, str], ...]:
    """Returns the names under which the version takes key and secret."""
    both = ctx.contract.version == "v1" or ctx.contract.values["deprecated-parameters-in-v2"]
    return _BOTH if both else _BOTH[:1]


def _want_old_names(ctx: Context) -> None:
    if len(_namings(ctx)) == 1:
        raise Unshown("version 2 takes no deprecated parameters")


"""The names of key and secret, the new ones and the old ones."""


def _wrong_secret(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    wrong = nearmisses.IN_A_BODY[case](known.secret)
    for key, secret in _namings(ctx) if wrong != known.secret else ():
        yield {key: known.key, secret: wrong}, "credentials-wrong", f"a {secret} with {case}"


def _wrong_key(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    wrong = nearmisses.IN_A_BODY[case](known.key)
    if wrong not in (known.key, ""):
        yield {"key": wrong, "secret": known.secret}, "credentials-wrong", f"a key with {case}"
    if case == "another text":
        swapped = {"key": known.secret, "secret": known.key}
        yield swapped, "credentials-wrong", "key and secret in each other's place"


def _empty_secret(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    for key, secret in _namings(ctx):
        yield {key: known.key, secret: ""}, "credentials-wrong", f"an empty {secret}"
        yield {key: known.key, secret: None}, "schema-violation", f"a {secret} of null"
        yield {key: known.key}, "schema-violation", f"a body without a {secret}"


def _empty_key(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    for key, secret in _namings(ctx):
        yield {key: "", secret: known.secret}, "schema-violation", f"an empty {key}"


def _of_another_account(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    ctx.other.log_in()
    other = ctx.other.credentials
    for key, secret in ((known.key, other.secret), (other.key, known.secret)):
        yield {"key": key, "secret": secret}, "credentials-wrong", "the secret of another account"


def _half(ctx: Context, known: Credentials, case: Any) -> Iterator[Attempt]:
    both = {"key": known.key, "apiKey": known.key, "secret": known.secret, "password": known.secret}
    for names in (("key", "password"), ("apiKey", "secret"), ("secret",), ("password",), ("key", "apiKey"), ()):
        what = f"a body with {' and '.join(names) or 'nothing'} alone"
        yield {name: both[name] for name in names}, "schema-violation", what


@checks(
    row("wrong-secret-is-refused",
        "A log-in with anything but the very secret is refused, and leaves the account as it was.",
        _wrong_secret, each=lambda contract: nearmisses.IN_A_BODY, assumed="unauthorized-status"),
    row("empty-secret-is-refused", "A log-in without a secret is refused, be it empty, null or not there.",
        _empty_secret, assumed="unauthorized-status"),
    row("wrong-key-is-refused", "A log-in with anything but the very key is refused.",
        _wrong_key, each=lambda contract: nearmisses.IN_A_BODY, assumed="unauthorized-status"),
    row("empty-key-is-refused", "A log-in with an empty key is refused.", _empty_key, inferred="4"),
    row("secret-of-another-account-is-refused", "The secret of one account does not open another.",
        _of_another_account, assumed="unauthorized-status", needs=(Capability.TWO_ACCOUNTS,)),
    row("half-credentials-are-refused", "A key alone, a secret alone, or one of each naming gives no token.",
        _half, assumed="mixed-credentials", source="2.2"),
    source="2.1",
    operations=("authenticate",),
)  # fmt: skip
def credentials_must_match(ctx: Context, attempts: Callable[..., Iterator[Attempt]], case: Any) -> None:
    """A log-in with anything but key and secret of one account is refused, and leaves the account as it was."""
    client = signed_in(ctx)  # a good log-in between two wrong ones, so that no account is locked
    for body, rule, what in attempts(ctx, client.credentials, case):
        answer = client.send("authenticate", body=body)
        refused(ctx, answer, rule, what)
        _tells_nothing(answer, body.get("secret") or body.get("password") or "", client.credentials)
    expect_still_good(ctx, client, "the token from before to stay good")


@check(assumed="unauthorized-status", source="4", operations=("authenticate",))
def known_keys_are_not_given_away(ctx: Context) -> None:
    """A wrong secret is answered exactly as a key that nobody has, so that nobody can search for keys."""
    client = signed_in(ctx)
    known = client.credentials
    for key, secret in _namings(ctx):
        unknown = client.send("authenticate", body={key: f"{known.key}-not", secret: f"{known.secret}-not"})
        wrong = client.send("authenticate", body={key: known.key, secret: f"{known.secret}-not"})
        expect_alike(ctx, wrong, unknown, f"a wrong {secret}, as after an unknown {key}")


@check(documented="2.2", operations=("authenticate",), each=lambda contract: _EMAILS)
def deprecated_log_in_equals_the_new_one(ctx: Context, case: Any) -> None:
    """A log-in with apiKey and password does what one with key and secret does, whatever email says."""
    _want_old_names(ctx)
    client = ctx.fresh()
    known = client.credentials
    if ctx.account.clock:
        ctx.clock.freeze()
    new = client.send("authenticate", body={"key": known.key, "secret": known.secret})
    _log_in_works(ctx, new, "key and secret")  # before the next log-in, which may end its token
    email = {} if case is None else {"email": case}
    old = client.send("authenticate", body={"apiKey": known.key, "password": known.secret, **email})
    _log_in_works(ctx, old, "apiKey and password")
    ctx.expect(old.status == new.status, f"the same status {new.status}", f"status {old.status}")
    ctx.expect(sorted(old.json) == sorted(new.json), f"the same members {sorted(new.json)}", f"{sorted(old.json)}")
    if ctx.account.clock:
        same = old.json["expiresAt"] == new.json["expiresAt"]
        ctx.expect(same, f"the same expiry {new.json['expiresAt']}", str(old.json["expiresAt"]))


@check(assumed="deprecation-header", source="2.2", operations=("authenticate",))
def deprecated_log_in_is_told(ctx: Context) -> None:
    """The answer to deprecated parameters says that they are, and no other does."""
    _want_old_names(ctx)
    client = ctx.account
    known = client.credentials
    new = client.send("authenticate", body={"key": known.key, "secret": known.secret})
    old = client.send("authenticate", body={"apiKey": known.key, "password": known.secret})
    told = bool(old.headers.get("deprecation"))
    wanted = ctx.contract.values["deprecation-header"]
    ctx.expect(told == wanted, f"{'a' if wanted else 'no'} Deprecation header", "one" if told else "none", value=told)
    ctx.expect("deprecation" not in new.headers, "no Deprecation header for key and secret", "one")


@check(assumed="mixed-credentials", source="2.2", operations=("authenticate",))
def mixed_credentials_are_settled(ctx: Context) -> None:
    """If old and new parameters come together, the new ones count."""
    _want_old_names(ctx)
    client = ctx.account
    known = client.credentials
    wrong = f"{known.secret}-not"
    answers = {
        "new-names-win": {"key": known.key, "secret": known.secret, "apiKey": known.key, "password": wrong},
        "old-names-win": {"key": known.key, "secret": wrong, "apiKey": known.key, "password": known.secret},
    }
    sent = {name: client.send("authenticate", body=body) for name, body in answers.items()}
    taken = [name for name, answer in sent.items() if answer.ok]
    observed = "refuse" if not taken else taken[0] if len(taken) == 1 else None
    wanted = ctx.contract.values["mixed-credentials"]
    ctx.expect(observed == wanted, wanted, observed or "whichever is right wins", value=observed)
    rule = "mixed-credentials" if wanted == "refuse" else "credentials-wrong"
    for name, answer in sent.items():
        if name != wanted:
            refused(ctx, answer, rule, "old and new names with a wrong secret under those that count")


def _log_in_works(ctx: Context, answer: Answer, how: str) -> None:
    ctx.expect(answer.ok, f"a log-in with {how} to succeed", f"status {answer.status}")
    token = answer.json["token"]
    ctx.target.recorder.redact.learn(token)
    ctx.expect(is_good(ctx.account, token), f"a good token for {how}", "one that is refused")


def _tells_nothing(answer: Answer, sent: str, known: Credentials) -> None:
    """Demands that a refusal holds neither what was sent nor the right secret."""
    text = answer.body.decode(errors="replace") + repr(answer.headers)
    for secret in (sent, known.secret):
        if len(secret) >= _UNGUESSABLE and secret in text:
            raise Broken("an error without the secret in it", "one that holds it", check=Named.ANSWERS_HOLD_NO_SECRETS)


def _blank_in(text: str) -> bool:
    return any(character.isspace() for character in text)


def _differing(one: str, other: str) -> int:
    """Returns how many characters lie between what two texts have in common at both ends."""
    shorter = min(len(one), len(other))
    before = next((n for n in range(shorter) if one[n] != other[n]), shorter)
    behind = next((n for n in range(shorter - before) if one[-1 - n] != other[-1 - n]), shorter - before)
    return max(len(one), len(other)) - before - behind
