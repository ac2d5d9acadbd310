"""The mutants that this distribution brings, by name."""

from pytest_casavi.mutants import answering as a
from pytest_casavi.mutants import storing as s
from pytest_casavi.mutants.mutant import Mutant

_READS_JOB = "follows a job to its end"
_LOGS_IN = "logs in with its client"
_FAILS = "has casavi answer an error (`casavi.faults`)"
_IMPORTS = "imports something"
_DATES = "imports a contract with dates"
_PAGES = "reads a list of more than one page"

_ALL = (
    # Jobs
    Mutant(name="job-state-new", legal=False, respond=a.new_state, needs=_READS_JOB,
           says="A job that went well ends in a state of a new name, `done`."),
    Mutant(name="job-state-upper", legal=False, respond=a.upper_state, needs=_READS_JOB,
           says="States of jobs are written in upper case."),
    Mutant(name="job-errors-null", legal=True, respond=a.no_errors, needs=_READS_JOB,
           says="A job without errors has `null` instead of an empty list."),
    Mutant(name="job-errors-cut", legal=False, respond=a.fewer_errors, needs="has casavi refuse a record",
           says="The last error of a job is not told."),
    Mutant(name="job-counts-without-zeros", legal=False, respond=a.no_zeros, needs=_READS_JOB,
           says="Counts that are 0 are left out."),
    Mutant(name="job-unknown-at-first", legal=False, ask=a.unknown_at_first, needs=_READS_JOB,
           says="The first look at a job is answered by 404, as if it did not exist yet."),
    Mutant(name="job-goes-back", legal=False, respond=a.goes_back, needs=_READS_JOB,
           says="The first job is active at the first look, waiting at the second, and then what it is."),
    Mutant(name="job-id-number", legal=False, ask=a.by_number, respond=a.numbered, needs=_IMPORTS,
           says="Ids of jobs are numbers."),
    Mutant(name="job-fails", legal=True, ask=a.failing, needs=_IMPORTS,
           says="The first import is accepted, and then its job fails as a whole."),
    Mutant(name="import-answered-200", legal=True, respond=a.two_hundred, needs=_IMPORTS,
           says="An import is answered by 200 instead of 202."),
    Mutant(name="extra-members", legal=True, respond=a.more_members,
           says="Answers have members that the contract does not know."),
    # Tokens
    Mutant(name="expires-at-naive", legal=True, respond=a.expires_naive, needs=_LOGS_IN,
           says="`expiresAt` has no time zone; UTC is meant."),
    Mutant(name="expires-at-seconds", legal=False, respond=a.expires_seconds, needs=_LOGS_IN,
           says="`expiresAt` is a number of seconds."),
    Mutant(name="expires-at-offset", legal=True, respond=a.expires_offset, needs=_LOGS_IN,
           says="`expiresAt` is the same moment at another offset, +02:00."),
    Mutant(name="expires-at-null", legal=False, respond=a.expires_null, needs=_LOGS_IN,
           says="`expiresAt` is `null`."),
    Mutant(name="refresh-refused", legal=True, respond=a.no_refresh, needs="lets a token be refreshed",
           says="A refresh is refused; a new log-in is not."),
    Mutant(name="token-expired-403", legal=False, respond=a.forbidden,
           needs="lets a token end (`casavi.expire_tokens()`)",
           says="A token that has ended is answered by 403 instead of 401."),
    # Errors
    Mutant(name="retry-after-date", legal=True, respond=a.dated_retry_after,
           needs="has casavi answer an error with `Retry-After`",
           says="`Retry-After` is a date."),
    Mutant(name="error-html", legal=True, respond=a.html_error, needs=_FAILS,
           says="Errors have a page of HTML for their bodies, as those of a gateway."),
    Mutant(name="error-list", legal=True, respond=a.list_error, needs=_FAILS,
           says="Errors have a list for their bodies."),
    Mutant(name="error-empty", legal=True, respond=a.empty_error, needs=_FAILS,
           says="Errors have no bodies."),
    # What is stored
    Mutant(name="record-dropped", legal=False, ask=s.drop_last, respond=s.count_dropped, needs=_IMPORTS,
           says="The last record of an import is not stored, but counted as if it were."),
    Mutant(name="contract-dates-dropped", legal=False, ask=s.drop_dates, needs=_DATES,
           says="Dates of contracts are not stored."),
    Mutant(name="contract-dates-shifted", legal=False, ask=s.shift_dates, needs=_DATES,
           says="Dates of contracts are stored a zone too early: a day sooner, or two hours."),
    Mutant(name="email-lowercased", legal=False, ask=s.lower_email,
           needs="imports an e-mail address with a capital letter",
           says="E-mail addresses are stored in lower case."),
    Mutant(name="text-cut", legal=False, ask=s.cut_texts, needs="imports a text of more than 255 characters",
           says="Texts are cut at 255 characters."),
    Mutant(name="id-normalised", legal=False, ask=s.lower_ids, needs="imports an id with a capital letter",
           says="Reference ids are stored in lower case."),
    # Lists
    Mutant(name="next-link-unfiltered", legal=False, respond=a.unfiltered_link,
           needs=f"{_PAGES}, with a filter",
           says="The link to the next page has lost the filters."),
    Mutant(name="last-page-missing", legal=False, respond=a.no_last_page, needs=_PAGES,
           says="The last page of a list is empty."),
    Mutant(name="page-repeated", legal=False, respond=a.same_page, needs=_PAGES,
           says="The second page of a list shows the records of the first."),
    # Connections and limits
    Mutant(name="burst-429", legal=True, ask=a.burst, needs="does more than to log in",
           says="The first two calls after a log-in are answered by 429, `Retry-After: 1`."),
    Mutant(name="slow-first-byte", legal=True, respond=a.slow, needs="does more than to log in",
           says="One answer begins half a second late."),
    Mutant(name="connection-reset", legal=True, ask=a.reset, needs=_READS_JOB,
           says="The connection is reset at the first look at a job."),
    Mutant(name="lost-response", legal=True, ask=a.lost, needs=_IMPORTS,
           says="The first import is done, its answer never comes."),
)  # fmt: skip

MUTANTS = {mutant.name: mutant for mutant in _ALL}
