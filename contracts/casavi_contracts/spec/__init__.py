"""The contract documents: shapes, evidence, assumptions, rules, reference graph. Everything else derives from them."""

from casavi_contracts.spec.assumptions import Assumption, ProfileError, apply_profile, assumptions, resolve_profile
from casavi_contracts.spec.document import Rule, load_document, operations, rules
from casavi_contracts.spec.evidence import EVIDENCE
from casavi_contracts.spec.graph import Child, Reference, Shape, import_shape
from casavi_contracts.spec.schemas import json_schema, request_schema

__all__ = [
    "EVIDENCE",
    "Assumption",
    "Child",
    "ProfileError",
    "Reference",
    "Rule",
    "Shape",
    "apply_profile",
    "assumptions",
    "import_shape",
    "json_schema",
    "load_document",
    "operations",
    "request_schema",
    "resolve_profile",
    "rules",
]
