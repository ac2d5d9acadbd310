"""Parts of an account that are seldom there when a server is killed: each comes back as it was."""

import base64
from pathlib import Path

from casavi_mock.domain.jobs import Progress
from casavi_mock.domain.jobs.kept import number_of
from casavi_mock.domain.journal import Exchange
from casavi_mock.domain.violations import Command
from tests.support.kept import Kept, seen
from tests.support.time import START

SLOW = Progress(job_seconds=0.0, record_seconds=1.0)
UNIT = {"id": "U-1", "contracts": [{"id": "V-1", "contactId": "nobody"}], "documents": [{"id": "D-1", "name": "a.txt"}]}
HOUSE = {"id": "P-1", "addresses": [{"street": "Some 1", "units": [UNIT]}]}


def both(kept: Kept, folder: Path) -> Kept:
    """The accounts of a server that is started after this one was killed."""
    progress = kept.account.settings.progress
    keep_documents = kept.account.settings.keep_documents
    path = kept.left_by_a_kill(folder)
    again = Kept(path, kept.time, journal=True, progress=progress, keep_documents=keep_documents)
    again.keeper.close()
    return again


def test_a_job_goes_on_where_it_had_come_with_what_it_had_refused(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", progress=SLOW)
    job_id = kept.send({"contacts": [{"id": "C-1"}], "properties": [HOUSE]})
    kept.time.advance(seconds=3)
    kept.account.run_due(100)
    kept.account.hold()  # a command: what has been done by now is saved with it
    job = kept.account.read_job(job_id)
    assert job is not None
    assert (job.processed, [error.rule for error in job.errors]) == (3, ["missing-reference"])
    kept.account.release()

    again = both(kept, tmp_path / "left")

    kept.time.advance(seconds=60)
    assert seen(again) == seen(kept)
    job = again.account.read_job(job_id)
    assert job is not None
    assert [error.rule for error in job.errors] == ["missing-reference", "refused-parent"]
    kept.keeper.close()


def test_errors_come_back_though_they_were_saved_at_several_moments(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", progress=SLOW)
    roles = [
        {"contactId": f"nobody-{n}", "propertyId": "P-1", "roleName": "Caretaker", "roleType": "internal"}
        for n in range(6)
    ]
    kept.send({"responsibilities": roles})
    for _ in range(4):
        kept.time.advance(seconds=1)
        kept.account.hold()
        assert kept.keeper.wait() is None
        kept.account.release()

    again = both(kept, tmp_path / "left")

    kept.time.advance(seconds=60)
    assert seen(again) == seen(kept)
    kept.keeper.close()


def test_a_job_that_waits_obeys_after_the_kill_too(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", progress=SLOW)
    kept.send({"contacts": [{"id": "C-1"}]})
    second = kept.send({"contacts": [{"id": "C-2"}]})
    kept.account.force("failed", second)

    again = both(kept, tmp_path / "left")

    kept.time.advance(seconds=60)
    assert seen(again) == seen(kept)
    job = again.account.read_job(second)
    assert job is not None
    assert job.state == "failed"
    kept.keeper.close()


def test_what_was_changed_after_it_was_saved_is_saved_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db")
    for name in ("Eva", "Ada"):
        kept.time.advance(seconds=1)
        kept.send({"contacts": [{"id": "C-1", "firstName": name}, {"id": f"C-{name}"}]})
        kept.account.hold()
        kept.account.release()

    again = both(kept, tmp_path / "left")

    assert seen(again) == seen(kept)
    assert [dict(one.fields) for one in again.account.store.records("contacts")] == [{"firstName": "Ada"}, {}, {}]
    kept.keeper.close()


def test_contents_of_documents_come_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", keep_documents=True)
    document = {"id": "D-1", "name": "a.txt", "content": base64.b64encode(b"content").decode()}
    kept.send({"properties": [{"id": "P-1", "documents": [document]}]})
    kept.account.snapshot("one")
    kept.send({"properties": [{"id": "P-1", "documents": [{**document, "id": "D-2"}]}]})
    kept.account.hold()

    again = both(kept, tmp_path / "left")

    assert [again.account.store.content(key) for key in ("D-1", "D-2")] == [b"content"] * 2
    again.account.restore("one")
    assert [again.account.store.content(key) for key in ("D-1", "D-2")] == [b"content", None]
    kept.keeper.close()


def test_exchanges_come_back_and_numbers_go_on(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", journal=True)
    journal = kept.account.journal
    job_id = kept.send({"contacts": [{"id": "C-1"}]})
    for _ in range(3):
        journal.add(
            Exchange(
                number=journal.next_number(),
                request_id="r-1",
                at=START,
                method="GET",
                path="/contacts",
                operation="getContacts",
                status=200,
                duration_ms=0.5,
                request_bytes=0,
                response_bytes=2,
                request_headers=((b"a", b"\xe4"),),
                response_body=b"{}\xff",
                refused=(("contacts", None),),
                token_until=START,
            )
        )
    kept.account.hold()
    kept.account.read_job(job_id)
    kept.account.advance(kept.account.clock.now() - kept.account.clock.now())

    again = both(kept, tmp_path / "left")

    assert list(again.account.journal) == list(journal)
    assert (again.account.journal.first_number, again.account.journal.next_number()) == (1, 4)
    assert again.account.steering.has_read(job_id)
    assert again.account.steering.between(Command.JOBS, 3, 4)
    journal.clear()
    assert journal.first_number == 4
    kept.account.hold()
    cleared = both(kept, tmp_path / "cleared")
    assert (len(cleared.account.journal), cleared.account.journal.next_number()) == (0, 4)
    kept.keeper.close()


def test_nobody_waits_for_what_nobody_saves_any_more(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db")
    kept.keeper.close()

    assert kept.keeper.wait() is None


def test_a_job_that_runs_has_no_number_among_those_that_wait(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "a.db", progress=SLOW)
    first, second = (kept.send({"contacts": [{"id": "C-1"}]}) for _ in "12")
    kept.account.run_due(1)

    queue = kept.account.queue

    assert [number_of(queue, one) for one in (first, second, "another")] == [None, 1, None]
    kept.keeper.close()
