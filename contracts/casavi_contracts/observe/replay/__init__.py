"""Recorded requests, sent again: what a server answers now, beside what was answered then."""

from casavi_contracts.observe.replay.report import as_json, as_junit, as_text
from casavi_contracts.observe.replay.result import Result, read_accepted
from casavi_contracts.observe.replay.run import Options, replay, two_recordings

__all__ = ["Options", "Result", "as_json", "as_junit", "as_text", "read_accepted", "replay", "two_recordings"]
