"""The contract documents: shapes, evidence, assumptions, rules, reference graph. Everything else derives from them."""

from casavi_contracts.spec.assumptions import ProfileError, apply_profile, assumptions, resolve_profile
from casavi_contracts.spec.document import load_document, operations, parse_yaml, rules
from casavi_contracts.spec.evidence import EVIDENCE
from casavi_contracts.spec.graph import Child, Reference, Shape, identifiers, import_shape, records
from casavi_contracts.spec.register import Assumption, RegisterError, Rule, assumptions_of, rules_of
from casavi_contracts.spec.schemas import json_schema, request_schema
from casavi_contracts.spec.states import JobState, job_states

__all__ = [
    "EVIDENCE",
    "Assumption",
    "Child",
    "JobState",
    "ProfileError",
    "Reference",
    "RegisterError",
    "Rule",
    "Shape",
    "apply_profile",
    "assumptions",
    "assumptions_of",
    "identifiers",
    "import_shape",
    "job_states",
    "json_schema",
    "load_document",
    "operations",
    "parse_yaml",
    "records",
    "request_schema",
    "resolve_profile",
    "rules",
    "rules_of",
]
