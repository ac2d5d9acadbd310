"""Which assumptions files can speak about at all; a test holds these against what is read from many files."""

IN_DOCUMENT = frozenset({
    "authenticate-status", "contact-name-required", "contact-path", "contract-dates", "deprecated-parameters-in-v2",
    "deprecation-header", "document-type-levels", "error-media-type", "error-statuses", "expires-at-format",
    "import-model-nesting", "import-path", "import-status", "job-id-field", "job-object", "job-status-names",
    "out-of-range-page", "page-parameter", "property-postal-code", "refresh-needs-token-header", "refresh-path",
    "required-fields",
    "responsibilities-key", "unauthorized-status", "unknown-fields", "v1-page-size", "v2-contact-fields",
    "v2-page-size", "v2-twins", "v2-unit-fields",
})  # fmt: skip
"""What the vendor's OpenAPI document can say."""

IN_TRAFFIC = frozenset({
    "app-link", "authenticate-status", "contact-name-required", "contact-path", "contract-date-format",
    "contract-dates", "contract-period", "custom-fields", "deprecated-parameters-in-v2", "deprecation-header",
    "duplicate-ids", "error-media-type", "error-statuses", "expires-at-format", "import-model-nesting", "import-path",
    "import-status", "inactive-contracts", "job-id-field", "job-object", "job-status-names", "next-link-parameters",
    "null-clears", "out-of-range-page", "page-parameter", "property-postal-code", "refresh-accepts-expired-token",
    "refresh-needs-token-header", "refresh-path", "refresh-revokes-old-token", "request-id", "responsibilities-key",
    "several-tokens", "token-across-versions", "token-lifetime-days", "unauthorized-status", "unknown-fields", "upsert",
    "v1-page-size", "v2-absent-values", "v2-contact-fields", "v2-page-size", "v2-twins", "v2-unit-fields",
})  # fmt: skip
"""What recorded traffic can say."""
