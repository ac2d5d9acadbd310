"""What most mutants are made of: on some operations, something of the request or of the answer is another one."""

import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.support.tamper import Forward, Request, Response, Tamper

Edit = Callable[[Any], Any]
"""Takes a JSON value and returns another one."""

Step = Callable[[Request, Response], Response]

LISTS = ("getContacts", "listContacts", "listUnits", "listProperties")
SINGLES = ("getContactById", "getPropertyById")
READS = (*LISTS, *SINGLES)
CONTACTS = ("getContacts", "getContactById", "listContacts")
TOKENS = ("authenticate", "refreshToken")
WITH_TOKEN = ("importMasterData", "getJob", *READS)
ALL = (*TOKENS, *WITH_TOKEN)


@dataclass(frozen=True, slots=True)
class On:
    """Exchanges of some operations, and what is wrong with them. Every method returns a further one.

    Calling it makes the tamper.
    """

    operations: tuple[str, ...]
    version: str | None = None
    asked: tuple[Callable[[Request], bool], ...] = ()
    answered: tuple[Callable[[Request, Response], bool], ...] = ()
    requests: tuple[Callable[[Request], Request], ...] = ()
    steps: tuple[Step, ...] = ()

    def __call__(self) -> Tamper:
        """Returns the tamper."""
        return self._tamper

    # Which exchanges.

    def asking(self, condition: Callable[[Request], bool]) -> "On":
        """Only those whose request is such."""
        return replace(self, asked=(*self.asked, condition))

    def answering(self, condition: Callable[[Any], bool]) -> "On":
        """Only those whose answer's JSON is such."""
        return replace(self, answered=(*self.answered, lambda _, response: condition(response.json)))

    def refused(self, *statuses: int) -> "On":
        """Only those that are refused, with one of these statuses if any are given."""
        return replace(
            self,
            answered=(*self.answered, lambda _, r: r.status in statuses if statuses else not r.ok),
        )

    def good(self) -> "On":
        """Only those that succeed."""
        return replace(self, answered=(*self.answered, lambda _, response: response.ok))

    # What is wrong with the request.

    def request(self, edit: Edit) -> "On":
        """Another body reaches the server."""

        def changed(request: Request) -> Request:
            value = request.json
            return request if value is None else request.with_json(edit(value))

        return replace(self, requests=(*self.requests, changed))

    def asked_instead(self, change: Callable[[Request], Request]) -> "On":
        """Another request reaches the server."""
        return replace(self, requests=(*self.requests, change))

    def query(self, edit: Callable[[dict[str, str]], dict[str, str]]) -> "On":
        """Another query reaches the server."""

        def changed(request: Request) -> Request:
            return request.but(query=urlencode(edit(dict(parse_qsl(request.query, keep_blank_values=True)))))

        return replace(self, requests=(*self.requests, changed))

    # What is wrong with the answer.

    def answer(self, edit: Edit) -> "On":
        """Another JSON value is answered; what is no JSON stays."""

        def changed(_: Request, response: Response) -> Response:
            value = response.json
            return response if value is None else response.with_json(edit(value))

        return self.then(changed)

    def body(self, change: Callable[[bytes], bytes]) -> "On":
        """Other bytes are answered."""
        return self.then(lambda _, r: replace(r, body=change(r.body)))

    def status(self, status: int) -> "On":
        """Another status is answered."""
        return self.then(lambda _, r: replace(r, status=status))

    def header(self, name: str, value: str | None) -> "On":
        """Another header is answered, or none if the value is None."""

        def changed(_: Request, response: Response) -> Response:
            headers = response.headers.copy()
            headers.pop(name, None)
            if value is not None:
                headers[name] = value
            return replace(response, headers=headers)

        return self.then(changed)

    def then(self, step: Step) -> "On":
        """Another answer is given."""
        return replace(self, steps=(*self.steps, step))

    def _concerns(self, request: Request) -> bool:
        return (
            (request.operation in self.operations or not self.operations)
            and self.version in (None, request.version)
            and all(condition(request) for condition in self.asked)
        )

    async def _tamper(self, request: Request, forward: Forward) -> Response:
        if not self._concerns(request):
            return await forward(request)
        for change in self.requests:
            request = change(request)
        response = await forward(request)
        if all(condition(request, response) for condition in self.answered):
            for step in self.steps:
                response = step(request, response)
        return response


def on(*operations: str, version: str | None = None) -> On:
    """Returns the exchanges of some operations, in both versions unless one is given; of all if none is named."""
    return On(operations, version)


def both(*parts: Callable[[], Tamper]) -> Callable[[], Tamper]:
    """Returns several wrongs as one; the first stands nearest to the client."""

    def make() -> Tamper:
        return chained([part() for part in parts])

    return make


def chained(tampers: Sequence[Tamper]) -> Tamper:
    """Returns tampers one behind the other."""

    async def tamper(request: Request, forward: Forward) -> Response:
        def rest(index: int) -> Callable[[Request], Awaitable[Response]]:
            async def following(request: Request) -> Response:
                return await (tampers[index](request, rest(index + 1)) if index < len(tampers) else forward(request))

            return following

        return await rest(0)(request)

    return tamper


# Edits of JSON values. A path names members, divided by slashes; `*` stands for every member of a list or an object.


def change(path: str, edit: Edit) -> Edit:
    """Returns an edit of what stands at a path; where nothing stands there, nothing happens."""
    parts = path.split("/") if path else []

    def changed(value: Any, rest: Sequence[str]) -> Any:
        if not rest:
            return edit(value)
        if isinstance(value, list) and rest[0] == "*":
            return [changed(item, rest[1:]) for item in value]
        if isinstance(value, dict):
            return {
                name: changed(member, rest[1:]) if rest[0] in (name, "*") else member for name, member in value.items()
            }
        return value

    return lambda value: changed(copy.deepcopy(value), parts)


def put(path: str, value: Any) -> Edit:
    """Returns an edit that puts a value at a path, also where none stood."""
    parent, _, name = path.rpartition("/")
    return change(parent, lambda place: {**place, name: value} if isinstance(place, dict) else place)


def drop(path: str) -> Edit:
    """Returns an edit that takes a member away."""
    parent, _, name = path.rpartition("/")
    return change(
        parent, lambda place: {k: v for k, v in place.items() if k != name} if isinstance(place, dict) else place
    )


def rename(path: str, new: str) -> Edit:
    """Returns an edit that gives a member another name."""
    parent, _, name = path.rpartition("/")
    return change(
        parent,
        lambda place: {new if k == name else k: v for k, v in place.items()} if isinstance(place, dict) else place,
    )


def edits(*some: Edit) -> Edit:
    """Returns several edits as one."""

    def edited(value: Any) -> Any:
        for edit in some:
            value = edit(value)
        return value

    return edited


def strings(edit: Callable[[str], str]) -> Edit:
    """Returns an edit of every text inside a value; names of members stay."""

    def edited(value: Any) -> Any:
        if isinstance(value, str):
            return edit(value)
        if isinstance(value, list):
            return [edited(item) for item in value]
        if isinstance(value, dict):
            return {name: edited(member) for name, member in value.items()}
        return value

    return edited


def text(edit: Callable[[str], str]) -> Edit:
    """Returns an edit of a text; what is none stays."""
    return lambda value: edit(value) if isinstance(value, str) else value


def records(edit: Edit) -> Edit:
    """Returns an edit of every record of an answer, be it a page or a single record."""

    def edited(value: Any) -> Any:
        for name in ("content", "list"):
            if isinstance(value, dict) and isinstance(value.get(name), list):
                return {**value, name: [edit(record) for record in value[name]]}
        return edit(value)

    return edited


def page(edit: Callable[[list[Any]], list[Any]]) -> Edit:
    """Returns an edit of the list of records on a page."""

    def edited(value: Any) -> Any:
        for name in ("content", "list"):
            if isinstance(value, dict) and isinstance(value.get(name), list):
                return {**value, name: edit(value[name])}
        return value

    return edited
