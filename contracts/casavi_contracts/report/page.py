"""A run as a page: one file that needs no other, nor any script."""

import json
from typing import Any

import jinja2

from casavi_contracts.report.document import document
from casavi_contracts.report.report import Report
from casavi_contracts.report.terminal import closing


def page(report: Report) -> str:
    """Returns a run as HTML. Whatever the target has answered is text in it, never markup."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("casavi_contracts.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["compact"] = _compact
    content = document(report)
    text = environment.get_template("report.html.j2").render(
        report=content,
        closing=closing(report),
        checks={
            outcome: [check for check in content["checks"] if check["outcome"] == outcome]
            for outcome in content["counts"]
        },
    )
    return text.encode(errors="replace").decode() + "\n"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
