"""References, ids and credentials of generated requests lead to what exists."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from casavi_contracts import spec
from casavi_contracts.context import Names
from casavi_contracts.fuzz import fuzz
from casavi_contracts.fuzz.filler import MADE_UP, Filler
from casavi_contracts.fuzz.records import resolved
from casavi_contracts.fuzz.sent import Sent
from casavi_contracts.fuzz.session import KEPT, Pool, Session
from casavi_contracts.http.client import Client
from casavi_contracts.http.exchange import Answer, Exchange
from casavi_contracts.spec import identifiers
from tests.support.kit import contract, shared_account, shared_target


@pytest.fixture
def session() -> Iterator[Session]:
    """A session in an account that was opened for it, with its first records in it."""
    with shared_target() as found:
        begun = Session(Client(found, contract(), found.open()), Names("fill-"), fresh=True)
        begun.begin()
        yield begun


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nearly_all_references_of_valid_imports_lead_somewhere(version: str) -> None:
    shape = spec.import_shape(contract(version).document)
    known: dict[str, set[str]] = {}
    counts: list[tuple[int, int]] = []
    missing: list[Any] = []

    def listen(exchange: Exchange, body: bytes, answer: Answer | None) -> None:
        if exchange.operation == "importMasterData" and answer is not None and answer.ok:
            sent = json.loads(body)
            counts.append(resolved(shape, sent, known))
            for entity, names in identifiers(shape, sent).items():
                known.setdefault(entity, set()).update(names)
        elif exchange.operation == "getJob" and answer is not None and answer.ok:
            missing.extend(error for error in answer.json["errors"] if error["rule"] == "missing-reference")

    with shared_target() as found:
        found.recorder.listeners.append(listen)
        phases = ["examples", "fuzzing"]
        fuzz(found, contract(version), seed=5, max_examples=15, operations=["importMasterData"], phases=phases)
    leads, there = (sum(column) for column in zip(*counts, strict=True))
    assert there >= 20
    assert leads / there > 0.9
    assert len(missing) / there < 0.1


def test_references_stay_where_they_lead_somewhere_already(session: Session) -> None:
    body = {
        "contacts": [{"id": "own"}],
        "responsibilities": [
            {"propertyId": "fill-P-1", "contactId": "own", "roleName": "a", "roleType": "internal"},
            {"propertyId": "nowhere", "contactId": "nobody", "roleName": "b", "roleType": "internal"},
        ],
    }
    kept, changed = Filler(session).body("importMasterData", body)["responsibilities"]
    assert kept == body["responsibilities"][0]
    assert changed["propertyId"] in session.known["properties"]
    assert changed["contactId"] == "own" or changed["contactId"] in session.known["contacts"]
    assert body["responsibilities"][1]["contactId"] == "nobody", "the body itself is not changed"


@pytest.mark.parametrize("body", [None, [], "text", {"contacts": "text"}, {"properties": [1, {"addresses": {"a": 1}}]}])
def test_what_has_no_place_in_the_model_is_left_alone(session: Session, body: Any) -> None:
    assert Filler(session).body("importMasterData", body) == body


def test_in_an_account_that_holds_more_every_record_gets_an_id_of_the_run() -> None:
    with shared_account() as (found, credentials):
        session = Session(Client(found, contract(), credentials), Names("fill-"), fresh=False)
        session.begin()
        body = {
            "contacts": [{"id": "1", "customFields": {"id": "free"}}],
            "properties": [
                {
                    "id": "fill-2",
                    "documents": [{"id": "3", "contactId": "4"}],
                    "addresses": [{"street": "s", "units": [{"id": "5", "contracts": [{"contactId": "1"}]}]}],
                }
            ],
        }
        filled = Filler(session).body("importMasterData", body)
    assert filled["contacts"] == [{"id": "fill-1", "customFields": {"id": "free"}}]
    (found_property,) = filled["properties"]
    assert found_property["id"] == "fill-2"
    assert found_property["documents"][0]["id"] == "fill-3"
    assert found_property["addresses"][0]["units"][0]["id"] == "fill-5"
    assert found_property["documents"][0]["contactId"].startswith("fill-")
    assert found_property["addresses"][0]["units"][0]["contracts"][0]["contactId"].startswith("fill-")


def test_path_parameters_name_what_exists_and_now_and_then_what_does_not(session: Session) -> None:
    filler = Filler(session)
    ids = [filler.parameters("getContactById", {"id": "0"})["id"] for _ in range(40)]
    assert set(ids) == {"0", "fill-K-1", "fill-K 2/ä", "fill-0003"}
    assert ids.count("0") == 10
    known = [filler.parameters("getContactById", {"id": "fill-K-1"})["id"] for _ in range(40)]
    assert known.count("fill-K-1") == 30
    assert all(name.startswith(MADE_UP) for name in known if name != "fill-K-1")
    assert filler.parameters("getContactById", {"id": "fill-K-1"}, linked=True) == {"id": "fill-K-1"}
    jobs = {filler.parameters("getJob", {"jobId": "x"})["jobId"] for _ in range(8)}
    assert jobs == {"x", session.jobs.pick(0)}
    assert filler.parameters("getContacts", {}) == {}


def test_most_log_ins_are_good_and_the_others_are_known_for_wrong(session: Session) -> None:
    filler, credentials = Filler(session), session.client.credentials
    good, wrong = 0, 0
    for number in range(80):
        new = filler.body("authenticate", {"key": "k", "secret": f"s{number}"})
        old = filler.body("authenticate", {"apiKey": "k", "email": "e", "password": f"s{number}"})
        for body, secret in ((new, new["secret"]), (old, old["password"])):
            assert not {"key", "apiKey"} <= set(body)
            good += secret == credentials.secret
            wrong += secret.startswith(MADE_UP)
    assert good + wrong == 160
    assert 100 < good < 140
    assert {*filler.body("authenticate", {"apiKey": "k", "password": "s1"}, linked=True)} == {"key", "secret"}


def test_a_refresh_sends_the_token_in_use(session: Session) -> None:
    bodies = [Filler(session).body("refreshToken", {"apiKey": "k", "token": f"t{n}"}) for n in range(40)]
    good = [body for body in bodies if body["token"] == session.token()]
    assert all(body["apiKey"] == session.client.credentials.key for body in good)
    assert 20 < len(good) < 40
    assert all(body["token"].startswith(MADE_UP) for body in bodies if body not in good)


def test_broken_bodies_stay_broken(session: Session) -> None:
    filler = Filler(session)
    for body in ({"key": "k"}, {"key": "", "secret": 5}, {"secret": None}, {"apiKey": "a", "password": []}, [], "x"):
        spoiled = filler.disguised("authenticate", body)
        assert contract().request_is_valid("authenticate", spoiled) is contract().request_is_valid("authenticate", body)
    assert filler.disguised("importMasterData", {"key": "k"}) == {"key": "k"}


def test_pools_are_bounded_and_take_no_id_that_a_path_cannot_carry() -> None:
    pool = Pool()
    assert pool.pick(3) is None
    for number in range(KEPT + 5):
        pool.add(str(number))
    for name in (".", "..", "7"):
        pool.add(name)
    assert len(pool) == KEPT
    assert "4" not in pool
    assert "." not in pool
    assert pool.pick(pool.number("9")) == "9"


# Tokens


def test_a_token_is_refreshed_before_it_ends(session: Session) -> None:
    first = session.token()
    assert session.token() == first
    session._ends = session._now()
    second = session.token()
    assert second != first
    assert session.client.send("getContacts", token=second).ok
    assert not session.client.send("getContacts", token=first).ok


def test_after_a_refusal_it_is_logged_in_again(session: Session) -> None:
    first = session.token()
    session.client.send("refreshToken", body={"apiKey": session.client.credentials.key, "token": first}, token=None)
    refused = session.send("getContacts")
    assert refused.status == 401
    session.note(Sent("getContacts", "GET", "/contacts", {"token": first}, b""), refused)
    assert session.token_in_use is None
    assert session.refused_token == first
    assert session.send("getContacts").ok


def test_a_refusal_elsewhere_leaves_the_token_in_use(session: Session) -> None:
    first = session.token()
    answer = session.client.send("authenticate", body={"key": "x", "secret": "y"}, token=first)
    session.note(Sent("authenticate", "POST", "/authenticate", {"token": first}, b""), answer)
    assert session.token_in_use == first
