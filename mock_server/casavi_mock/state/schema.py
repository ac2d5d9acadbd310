"""The tables of a state file, the version of their form, and how a file of an earlier version is brought up to it."""

from collections.abc import Mapping
from typing import Final

APPLICATION_ID: Final = 0x63736D6B
"""Marks a SQLite file as one of ours."""

VERSION: Final = 1
"""Of the tables; it stands in the file as its `user_version`."""

PART_BITS: Final = 20
ENTITY_SHIFT: Final = 40
RECORD_SHIFT: Final = 43
"""A record is found by its part, its kind (three bits) and its position in the table (40 bits)."""
JOB_SHIFT: Final = 32
"""A job or a token is found by its part and its number there, an exchange by its account and number."""

TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE accounts (id INTEGER PRIMARY KEY, key TEXT NOT NULL, salt BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TABLE parts (
  id INTEGER PRIMARY KEY, account INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT, about TEXT, faults TEXT, portal TEXT
);
CREATE TABLE records (place INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE contents (part INTEGER, key TEXT, content BLOB NOT NULL, PRIMARY KEY (part, key)) WITHOUT ROWID;
CREATE TABLE jobs (
  place INTEGER PRIMARY KEY, id TEXT NOT NULL, created INTEGER, size INTEGER, forced TEXT, body BLOB, ordered TEXT,
  progress TEXT, ended
);
CREATE TABLE errors (job INTEGER, first INTEGER, items TEXT NOT NULL, PRIMARY KEY (job, first)) WITHOUT ROWID;
CREATE TABLE tokens (
  place INTEGER PRIMARY KEY, digest BLOB NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL
);
CREATE TABLE journal (place INTEGER PRIMARY KEY, facts TEXT NOT NULL, request BLOB NOT NULL, response BLOB NOT NULL);
"""
"""Without an index beside the keys: everything is read once, at the start, in the order of the keys.

`parts` are what belongs together of an account: what it holds now (`live`), the records to which a reset goes back
(`seed`), and its snapshots. `jobs.ended` is packed bytes, or JSON where a job has more to tell. `records.record` is a
list in JSON: two columns cost half of what seven do.
"""

STEPS: Mapping[int, str] = {}
"""SQL that brings a file of a version to the next one, in one transaction."""
