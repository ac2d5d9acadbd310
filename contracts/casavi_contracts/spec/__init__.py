"""The contract documents: shapes, evidence, assumptions, rules, reference graph. Everything else derives from them."""

from casavi_contracts.spec.applied import ContractDocuments, contract_documents
from casavi_contracts.spec.assumptions import apply_profile, assumptions, resolve_profile
from casavi_contracts.spec.document import load_document, operations, parse_yaml, rules
from casavi_contracts.spec.evidence import EVIDENCE
from casavi_contracts.spec.files import FILES, read_files
from casavi_contracts.spec.graph import Child, Reference, Shape, further_required, identifiers, import_shape, records
from casavi_contracts.spec.overlay import OverlayError, normal
from casavi_contracts.spec.register import Assumption, ProfileError, RegisterError, Rule, assumptions_of, rules_of
from casavi_contracts.spec.schemas import json_schema, request_schema
from casavi_contracts.spec.shapes import ERROR, AnswerShape, ShapeError, Shapes, job_states, read, shapes_of, shown
from casavi_contracts.spec.states import ROLES, JobState, States
from casavi_contracts.spec.values import NotShown, counts_of, hides, summed

__all__ = [
    "ERROR",
    "EVIDENCE",
    "FILES",
    "ROLES",
    "AnswerShape",
    "Assumption",
    "Child",
    "ContractDocuments",
    "JobState",
    "NotShown",
    "OverlayError",
    "ProfileError",
    "Reference",
    "RegisterError",
    "Rule",
    "Shape",
    "ShapeError",
    "Shapes",
    "States",
    "apply_profile",
    "assumptions",
    "assumptions_of",
    "contract_documents",
    "counts_of",
    "further_required",
    "hides",
    "identifiers",
    "import_shape",
    "job_states",
    "json_schema",
    "load_document",
    "normal",
    "operations",
    "parse_yaml",
    "read",
    "read_files",
    "records",
    "request_schema",
    "resolve_profile",
    "rules",
    "rules_of",
    "shapes_of",
    "shown",
    "summed",
]
