"""Jobs over time: whether they are there, how they move on, and when they end."""

import hashlib
from collections.abc import Callable
from typing import Any

from tests.contracts.mutants.memory import NeverForgets, Overtaken, cached
from tests.contracts.mutants.mutant import mutant
from tests.contracts.mutants.toolkit import change, edits, on, put
from tests.support.tamper import Forward, Request, Response, Tamper

FINAL = ("completed", "failed")

Look = Callable[[list[Any], Any], Any]
"""Takes what was answered for this job so far and what would be now; returns what is answered, None for unknown."""


class Watching:
    """Remembers what was told of each job, and tells something else.

    Args:
        look: What is answered.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._told: dict[str, list[Any]] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation != "getJob" or not response.ok:
            return response
        told = self._told.setdefault(f"{request.version} {request.id}", [])
        answer = self._look(told, response.json)
        told.append(response.json if answer is None else answer)
        if answer is None:
            return await forward(request.with_id(f"{request.id}0"))
        return response.with_json(answer)


def watching(look: Look) -> Callable[[], Tamper]:
    """Returns a maker of `Watching`."""
    return lambda: Watching(look)


def _late(told: list[Any], job: Any) -> Any:
    return None if not told else job


def _vanishes(looks: int) -> Look:
    return lambda told, job: None if len(told) >= looks else job


def _gone_when_ended(told: list[Any], job: Any) -> Any:
    return None if told and told[-1]["status"] in FINAL else job


def _regresses(told: list[Any], job: Any) -> Any:
    ended = bool(told) and told[-1]["status"] in FINAL
    return {**job, "status": "active", "finishedAt": None} if ended else job


def _back_to_waiting(told: list[Any], job: Any) -> Any:
    was_active = bool(told) and told[-1]["status"] == "active"
    if was_active and job["status"] == "active":
        return {**job, "status": "waiting", "startedAt": None, "progress": {**job["progress"], "processed": 0}}
    return job


def _first_ended(told: list[Any], job: Any) -> Any:
    """Completed at the first look, running at the second."""
    if job["status"] in FINAL or told:
        return job
    return {**job, "status": "completed", "finishedAt": job["createdAt"], "startedAt": job["createdAt"]}


def _fails_later(told: list[Any], job: Any) -> Any:
    ended = bool(told) and told[-1]["status"] in FINAL
    return {**job, "status": "failed"} if ended else job


def _loses_errors(told: list[Any], job: Any) -> Any:
    ended = bool(told) and told[-1]["status"] in FINAL
    return {**job, "errors": []} if ended else job


def _moves_its_end(told: list[Any], job: Any) -> Any:
    if job["finishedAt"] is None:
        return job
    return {**job, "finishedAt": f"{job['finishedAt'][:-4]}{len(told) % 1000:03}Z"}


def _goes_back(told: list[Any], job: Any) -> Any:
    """Every other look shows less progress."""
    progress = job["progress"]
    if len(told) % 2 and progress["processed"] > 0:
        return {**job, "progress": {**progress, "processed": progress["processed"] - 1}}
    return job


class OtherJob:
    """Answers with the job before in place of the one that was asked for.

    Args:
        pretend: Whether its id is put in place.
    """

    def __init__(self, pretend: bool) -> None:
        self._pretend = pretend
        self._before: dict[str, str] = {}
        self._latest: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation == "getJob" and request.id in self._before:
            asked = request.id
            response = await forward(request.with_id(self._before[asked]))
            if response.ok:
                return response.with_json({**response.json, "id": asked}) if self._pretend else response
            return await forward(request)
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            job = response.json["jobId"]
            if request.token in self._latest:
                self._before[job] = self._latest[request.token]
            self._latest[request.token] = job
        return response


class Renamed:
    """Gives jobs other ids than the server did.

    Args:
        name: Makes an id of a number and the server's id.
    """

    def __init__(self, name: Callable[[int, str], str]) -> None:
        self._name = name
        self._real: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation == "getJob" and request.id in self._real:
            response = await forward(request.with_id(self._real[request.id]))
            return response.with_json({**response.json, "id": request.id}) if response.ok else response
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            job = response.json["jobId"]
            name = self._name(len(self._real) + 1, job)
            self._real[name] = job
            return response.with_json({**response.json, "jobId": name})
        return response


def renamed(name: Callable[[int, str], str]) -> Callable[[], Tamper]:
    """Returns a maker of `Renamed`."""
    return lambda: Renamed(name)


class OneJobId:
    """Every second import answers the id of the one before."""

    def __init__(self) -> None:
        self._latest: dict[str, str] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            before = self._latest.pop(request.token, None)
            if before is not None:
                return response.with_json({**response.json, "jobId": before})
            self._latest[request.token] = response.json["jobId"]
        return response


class Effects:
    """A look at a job sends its import once more."""

    def __init__(self) -> None:
        self._imports: dict[str, Request] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.operation == "getJob" and request.id in self._imports:
            await forward(self._imports[request.id].with_token(request.token))
        response = await forward(request)
        if request.operation == "importMasterData" and response.ok:
            self._imports[response.json["jobId"]] = request
        return response


def _job_look(request: Request) -> object:
    return request.path if request.operation == "getJob" else None


JOB = on("getJob").good()
ENDED = JOB.answering(lambda job: job["status"] in FINAL)
RUNNING = JOB.answering(lambda job: job["status"] not in FINAL)


class KeptForEver:
    """Goes on to show a job that is kept no longer."""

    def __init__(self) -> None:
        self._told: dict[str, Response] = {}

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if request.operation == "getJob" and response.ok:
            self._told[request.path] = response
        return self._told.get(request.path, response) if response.status == 404 else response


MUTANTS = (
    mutant("job-kept-for-ever", "A job is shown for ever.", KeptForEver, check="job-stays-known"),
    mutant(
        "job-visible-late",
        "The first look at a job says that there is none.",
        watching(_late),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-vanishes",
        "A job is unknown from the third look on.",
        watching(_vanishes(2)),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-vanishes-when-ended",
        "A job that has ended can be read once.",
        watching(_gone_when_ended),
        check="accepted-job-is-visible",
    ),
    mutant("job-regresses", "A job that has ended is active again.", watching(_regresses), check="job-end-is-final"),
    mutant("job-back-to-waiting", "An active job waits again.", watching(_back_to_waiting), check="job-moves-forward"),
    mutant(
        "job-ended-for-a-moment",
        "A job is completed at the first look and active at the second.",
        watching(_first_ended),
        check="job-moves-forward",
    ),
    mutant(
        "job-fails-later",
        "A completed job has failed when it is looked at again.",
        watching(_fails_later),
        check="job-end-is-final",
    ),
    mutant(
        "job-forgets-errors",
        "An ended job has no errors any more when it is looked at again.",
        watching(_loses_errors),
        check="job-end-is-final",
    ),
    mutant(
        "job-end-moves",
        "The end of a job is another moment at each look.",
        watching(_moves_its_end),
        check="job-end-is-final",
    ),
    mutant(
        "job-progress-goes-back",
        "The progress of a job goes back.",
        watching(_goes_back),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-never-ends",
        "A job stays active for ever.",
        ENDED.answer(edits(put("status", "active"), put("finishedAt", None))),
        check="accepted-job-ends",
    ),
    mutant(
        "job-waits-for-ever",
        "A job waits for ever.",
        JOB.answer(edits(put("status", "waiting"), put("finishedAt", None), put("startedAt", None))),
        check="accepted-job-ends",
    ),
    mutant(
        "job-frozen", "A job is answered for ever as at the first look.", cached(_job_look), check="accepted-job-ends"
    ),
    mutant(
        "job-state-late",
        "A job is answered as it was three looks before.",
        cached(_job_look, 3),
        check="jobs-take-their-turn",
    ),
    mutant(
        "job-ends-too-early",
        "A job is called completed while it runs.",
        RUNNING.answer(put("status", "completed")),
        check="imported-records-are-stored",
    ),
    mutant(
        "job-ends-too-early-with-a-date",
        "A job is called completed while it runs, and given an end.",
        RUNNING.answer(
            lambda job: {**job, "status": "completed", "startedAt": job["createdAt"], "finishedAt": job["createdAt"]}
        ),
        check="imported-records-are-stored",
    ),
    mutant(
        "job-progress-full-too-early",
        "A running job says that all is done.",
        RUNNING.answer(lambda job: {**job, "progress": {**job["progress"], "processed": job["progress"]["total"]}}),
        check="job-progress-only-grows",
    ),
    mutant(
        "job-completed-called-failed",
        "A job that went well is called failed.",
        JOB.answer(change("status", lambda s: "failed" if s == "completed" else s)),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "job-failed-called-completed",
        "A job in which everything was refused is called completed.",
        JOB.answer(change("status", lambda s: "completed" if s == "failed" else s)),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "job-failed-for-one-record",
        "A job is called failed if one record was refused.",
        ENDED.answer(lambda job: {**job, "status": "failed" if job["errors"] else job["status"]}),
        check="job-fails-if-all-was-refused",
    ),
    mutant(
        "job-of-another-import",
        "A look at a job shows the one before.",
        lambda: OtherJob(False),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-of-another-import-renamed",
        "A look at a job shows the one before, under the id that was asked for.",
        lambda: OtherJob(True),
        check="job-counts-every-record",
    ),
    mutant(
        "job-id-differs",
        "The job tells another id than it was asked for.",
        JOB.answer(change("id", lambda i: hashlib.md5(i.encode()).hexdigest())),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-id-in-capitals",
        "The job tells its id in capitals.",
        JOB.answer(change("id", str.upper)),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-id-counted",
        "Jobs are numbered, so that anybody can guess their ids.",
        renamed(lambda n, job: str(n)),
        check="import-answers-a-job-id",
    ),
    mutant(
        "job-id-twice",
        "Every second import answers the job id of the one before.",
        OneJobId,
        check="import-answers-a-job-id",
    ),
    mutant(
        "job-id-blank",
        "Job ids have a blank at the end that does not belong to them.",
        on("importMasterData").good().answer(change("jobId", lambda i: f"{i} ")),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-id-of-nothing",
        "The import answers an id that no job has.",
        on("importMasterData").good().answer(change("jobId", lambda i: i[::-1])),
        check="accepted-job-is-visible",
    ),
    mutant(
        "job-look-imports-again", "A look at a job sends its import once more.", Effects, check="reading-has-no-effect"
    ),
    mutant(
        "job-found-in-any-case",
        "A job is found in any case of its id.",
        on("getJob").asked_instead(lambda r: r.but(path=r.path.lower())),
        check="unknown-job-is-refused",
    ),
    mutant(
        "job-found-by-a-prefix",
        "A job is found by whatever begins with its id.",
        on("getJob").asked_instead(lambda r: r.with_id(r.id[:36])),
        check="unknown-job-is-refused",
    ),
    mutant("job-never-forgotten", "A job is known for ever.", NeverForgets, check="job-stays-known"),
    mutant(
        "imports-overtaken",
        "An import in flight is done again after the one that follows it.",
        Overtaken,
        check="imports-in-flight-keep-their-order",
    ),
)
