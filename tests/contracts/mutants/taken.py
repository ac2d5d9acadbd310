"""Requests that are taken though they are wrong."""

from tests.contracts.mutants.mutant import V2, mutant
from tests.contracts.mutants.toolkit import LISTS, TOKENS, on
from tests.support.tamper import Forward, Request, Response

POSTS = (*TOKENS, "importMasterData")


def _called_json(request: Request) -> Request:
    changed = request.but()
    changed.headers["content-type"] = "application/json"
    return changed


def _as_texts(request: Request) -> Request:
    """Numbers where the contract wants texts become texts."""

    def fixed(value: object) -> object:
        if isinstance(value, dict):
            return {
                k: v if k in ("customFields", "postalCode") else str(v) if type(v) in (int, float) else fixed(v)
                for k, v in value.items()
            }
        return [fixed(item) for item in value] if isinstance(value, list) else value

    body = request.json
    return request if body is None else request.with_json(fixed(body))


def _without_enums(request: Request) -> Request:
    """Values that an enumeration does not have are dropped."""

    def fixed(value: object) -> object:
        if isinstance(value, dict):
            allowed = {"preferredWayOfContact": ("LETTER", "ONLINE", None)}
            return {k: fixed(v) for k, v in value.items() if k not in allowed or v in allowed[k]}
        return [fixed(item) for item in value] if isinstance(value, list) else value

    body = request.json
    return request if body is None else request.with_json(fixed(body))


def _without_nameless(request: Request) -> Request:
    """Records without an id are dropped."""
    body = request.json
    if not isinstance(body, dict):
        return request
    kept = {
        name: [item for item in value if not isinstance(item, dict) or name == "responsibilities" or item.get("id")]
        if isinstance(value, list)
        else value
        for name, value in body.items()
    }
    return request.with_json(kept)


def _filled(request: Request) -> Request:
    """An object without any of the arrays becomes one with an empty one."""
    body = request.json
    if isinstance(body, dict) and not {"contacts", "properties", "responsibilities"} & set(body):
        return request.with_json({**body, "contacts": []})
    return request


def _repaired(request: Request) -> Request:
    """A body that is cut off is taken for an empty one."""
    return request if request.json is not None else request.but(body=b'{"contacts": []}')


def _lower(request: Request) -> Request:
    return request.but(path=request.path.lower())


def _no_slash(request: Request) -> Request:
    return request.but(path=request.path.rstrip("/") or "/")


class Overrides:
    """Takes the method from a header."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        return await forward(request.but(method=request.headers.get("x-http-method-override", request.method)))


class AnyMethod:
    """Takes any method for the one that the path has."""

    async def __call__(self, request: Request, forward: Forward) -> Response:
        response = await forward(request)
        if response.status != 405:
            return response
        allowed = response.headers.get("allow", "GET").split(",")[0].strip()
        return await forward(request.but(method=allowed))


def _default_page(query: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name != "page" or (value.isdigit() and value != "0")}


def _without_bad_booleans(query: dict[str, str]) -> dict[str, str]:
    booleans = ("isRegistered", "isInvited", "includeInactiveContracts")
    return {name: value for name, value in query.items() if name not in booleans or value in ("true", "false")}


def _without_bad_moments(query: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name != "modifiedAfter" or value.endswith("Z")}


class OneMethod:
    """Takes one further method.

    Args:
        method: That is taken.
        instead: The method that it is taken for, None for an answer without a body.
    """

    def __init__(self, method: str, instead: str | None) -> None:
        self._method = method
        self._instead = instead

    async def __call__(self, request: Request, forward: Forward) -> Response:
        if request.method != self._method:
            return await forward(request)
        response = await forward(request)
        if response.status != 405:
            return response
        if self._instead is None:
            return Response(204)
        return await forward(request.but(method=self._instead))


MUTANTS = (
    mutant(
        "media-type-not-checked",
        "A body is taken whatever it is called.",
        on(*POSTS).asked_instead(_called_json),
        check="other-media-type-is-refused",
    ),
    mutant(
        "media-type-of-imports-not-checked",
        "An import is taken whatever it is called.",
        on("importMasterData").asked_instead(_called_json),
        check="other-media-type-is-refused",
    ),
    mutant("method-not-checked", "Any method does what the path does.", AnyMethod, check="wrong-method-is-refused"),
    mutant(
        "method-from-a-header",
        "The header `X-HTTP-Method-Override` changes the method.",
        Overrides,
        check="method-override-is-ignored",
    ),
    mutant(
        "paths-in-any-case",
        "Paths are found in any case.",
        on().asking(lambda r: r.operation is None).asked_instead(_lower),
        check="unknown-path-is-refused",
    ),
    mutant(
        "trailing-slash-ignored",
        "A slash at the end of a path does not matter.",
        on().asking(lambda r: r.operation is None).asked_instead(_no_slash),
        check="unknown-path-is-refused",
    ),
    mutant(
        "numbers-taken-for-texts",
        "Numbers are taken where the contract wants texts.",
        on("importMasterData").asked_instead(_as_texts),
        check="all-wrong-places-are-named",
    ),
    mutant(
        "impossible-values-dropped",
        "A way of contact that there is not is left out silently.",
        on("importMasterData").asked_instead(_without_enums),
        check="all-wrong-places-are-named",
    ),
    mutant(
        "records-without-id-dropped",
        "Records without an id are left out silently.",
        on("importMasterData").asked_instead(_without_nameless),
        check="invalid-import-is-refused",
    ),
    mutant(
        "import-of-nothing-accepted",
        "An import with none of the three arrays is accepted.",
        on("importMasterData").asked_instead(_filled),
        check="invalid-import-is-refused",
    ),
    mutant(
        "malformed-import-accepted",
        "A body that is no JSON is taken for an empty import.",
        on("importMasterData").asked_instead(_repaired),
        check="unreadable-body-is-refused",
    ),
    mutant(
        "page-not-checked",
        "A page that there cannot be is taken for the first.",
        on(*LISTS).query(_default_page),
        check="invalid-parameter-is-refused",
    ),
    mutant(
        "booleans-not-checked",
        "A filter that is neither true nor false is ignored.",
        on(*LISTS).query(_without_bad_booleans),
        check="invalid-parameter-is-refused",
        versions=V2,
    ),
    mutant(
        "moment-not-checked",
        "A moment without UTC is ignored.",
        on(*LISTS).query(_without_bad_moments),
        check="invalid-parameter-is-refused",
        versions=V2,
    ),
)
