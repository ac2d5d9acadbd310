"""The names of those checks by which others blame: what they need does not work, and this check promises it."""

from enum import StrEnum, auto


class Named(StrEnum):
    """A check by its name, for whoever cannot import the check itself."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name.lower().replace("_", "-")

    ACCEPTED_JOB_ENDS = auto()
    ACCEPTED_JOB_IS_VISIBLE = auto()
    ANSWERS_HOLD_NO_SECRETS = auto()
    ANSWERS_SATISFY_THE_CONTRACT = auto()
    COUNTS_OF_A_LIST_ADD_UP = auto()
    EARLIER_LOG_INS_STAY_GOOD = auto()
    ERRORS_EXPLAIN_THEMSELVES = auto()
    EVERY_ANSWER_HAS_AN_ID_OF_ITS_OWN = auto()
    EVERY_REQUEST_IS_ANSWERED = auto()
    EXPIRED_TOKEN_CANNOT_BE_REFRESHED = auto()
    EXPIRY_IS_A_MOMENT_IN_UTC = auto()
    FOREIGN_JOB_IS_UNKNOWN = auto()
    FOREIGN_TOKEN_CANNOT_BE_REFRESHED = auto()
    IMPORT_ANSWERS_A_JOB_ID = auto()
    IMPORT_IS_READ_BACK = auto()
    IMPORTED_RECORDS_ARE_STORED = auto()
    INVALID_IMPORT_IS_REFUSED = auto()
    JOB_END_IS_FINAL = auto()
    JOB_MOVES_FORWARD = auto()
    JOB_STAYS_KNOWN = auto()
    JOBS_TAKE_THEIR_TURN = auto()
    LISTS_CAN_BE_READ = auto()
    LOG_IN_GIVES_A_TOKEN = auto()
    MOMENTS_ARE_ISO_8601_IN_UTC = auto()
    NEXT_LINK_IS_FOLLOWED_AS_IT_IS = auto()
    NEXT_LINK_KEEPS_THE_FILTERS = auto()
    PAGE_WALK_RETURNS_EVERY_RECORD_ONCE = auto()
    PAGES_ARE_FULL_BUT_THE_LAST = auto()
    REFRESH_GIVES_A_TOKEN = auto()
    REFRESH_REVOKES_THE_OLD_TOKEN = auto()
    REFRESHES_FOLLOW_EACH_OTHER = auto()
    REGISTRATION_FILTERS_LEAVE_THOSE_WHOSE_FIELD_SAYS_SO = auto()
    TOKEN_ENDS_WHEN_IT_WAS_TOLD = auto()
    TOKEN_LIVES_AS_LONG_AS_ASSUMED = auto()
    TOKEN_WORKS_AGAIN_AND_AGAIN = auto()
    UNKNOWN_JOB_IS_REFUSED = auto()
    UNKNOWN_TOKEN_IS_REFUSED = auto()
    VALID_IMPORT_IS_ACCEPTED = auto()
