"""The sync: contacts and properties first, then who is responsible; each job is followed to its end."""

from dataclasses import dataclass, field
from typing import Any

from erp_sync import mapping
from erp_sync.api import CasaviApi
from erp_sync.erp import Export


@dataclass
class Report:
    """What became of an export."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    """A line for each record that casavi refused."""

    def take(self, job: dict[str, Any]) -> None:
        """Adds what a job tells."""
        for counts in job["counts"].values():
            self.created += counts.get("created", 0)
            self.updated += counts.get("updated", 0)
            self.unchanged += counts.get("unchanged", 0)
        for error in _errors(job):
            self.refused.append(f"{error['entity']} {error['id'] or error['pointer']}: {error['message']}")
        if job["status"] == "failed" and not _errors(job):
            self.refused.append(f"job {job['id']} failed as a whole")

    def __str__(self) -> str:
        lines = [f"{self.created} created, {self.updated} updated, {self.unchanged} unchanged"]
        return "\n".join([*lines, *(f"refused: {line}" for line in self.refused)])


def sync(export: Export, api: CasaviApi) -> Report:
    """Brings casavi up to date with an export.

    What refers to other records is sent after them: the second import names contacts and properties of the first. It is
    left out if the first one failed, for then there is nothing to refer to.

    Raises:
        erp_sync.api.CasaviError: casavi refused a request, or did not answer.
    """
    report = Report()
    first = {"contacts": mapping.contacts(export), "properties": mapping.properties(export)}
    job = api.finished(api.import_master_data(first))
    report.take(job)
    lost = {(error["entity"], error["id"]) for error in _errors(job)}
    roles = [
        role
        for role in mapping.responsibilities(export)
        if ("contacts", role["contactId"]) not in lost and ("properties", role["propertyId"]) not in lost
    ]
    if roles and job["status"] != "failed":
        report.take(api.finished(api.import_master_data({"responsibilities": roles})))
    return report


def _errors(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns what a job tells of refused records; of none it may tell nothing at all."""
    return job["errors"] or []
