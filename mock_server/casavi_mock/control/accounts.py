"""Verbs that open and close accounts. Keys are half of the credentials: only the answer to an opening shows one."""

from dataclasses import asdict

from casavi_fixtures import load_portfolio
from casavi_mock.accounts import Account
from casavi_mock.control.call import Call, Handler, Reply, held, nothing, reply
from casavi_mock.control.problems import Problem, refusing
from casavi_mock.domain.model import RecordError, Secret
from casavi_mock.domain.ordering import plan
from casavi_mock.system import entropy


def list_accounts(call: Call) -> Reply:
    """Lists the accounts without their keys."""
    default = call.plane.registry.default
    rows = [
        {
            "number": number,
            "default": account is default,
            "records": held(account),
            "jobs": len(account.queue),
            "unfinished": account.queue.unfinished,
            "exchanges": len(account.journal),
            "tokens": len(account.tokens),
            **asdict(account.progress),
        }
        for number, account in enumerate(call.plane.registry, 1)
    ]
    return reply({"count": len(rows), "accounts": rows})


def create(call: Call) -> Reply:
    """Opens an account; what is not given of its credentials is made up."""
    sample = call.body.get("load")  # one of those in the document; files of the server can be read by nobody
    key = call.body.get("key") or call.key or entropy(16).hex()
    secret = call.body.get("secret") or entropy(32).hex()
    account = _opened(call, key, Secret(secret))
    if sample is not None:
        _fill(call, account, sample)
    view = {
        "number": len(call.plane.registry),
        "default": account is call.plane.registry.default,
        "key": key,
        "secret": secret,
        "records": held(account),
    }
    return reply(view, 201)


def delete(call: Call) -> Reply:
    """Closes an account."""
    registry = call.plane.registry
    account = registry.get(call.path["key"])
    if account is not None and account is registry.default:
        raise Problem(409, "The default account stays. POST /_mock/reset takes it back to its start.", "key")
    try:
        registry.delete(call.path["key"])
    except KeyError:
        detail = "There is no account with that key."
        raise Problem(404, detail, "key", "the key of an account", "another text") from None
    return nothing()


def _opened(call: Call, key: str, secret: Secret) -> Account:
    try:
        with refusing(409):
            return call.plane.registry.create(key, secret)
    except ValueError:
        detail = "There is an account with that key already."
        raise Problem(409, detail, "/key", "a new key", "one that is taken") from None


def _fill(call: Call, account: Account, sample: str) -> None:
    portfolio = load_portfolio(sample)
    try:
        call.plane.check_portfolio(portfolio)
        outcomes = account.load(plan(portfolio, account.settings.shape))
        refused = [outcome for _, outcome in outcomes if isinstance(outcome, RecordError)]
        if refused:
            raise Problem(409, f"/load: {refused[0].pointer}: {refused[0].message}", "/load")
    except Problem:  # a profile may refuse what the sample holds
        call.plane.registry.delete(account.key)
        raise
    account.mark_seed()


HANDLERS: dict[str, Handler] = {"listAccounts": list_accounts, "createAccount": create, "deleteAccount": delete}
