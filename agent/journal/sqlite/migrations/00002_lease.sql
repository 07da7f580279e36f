-- +goose Up
-- Who may change stores: one row, changed in place, and no part of the history.
CREATE TABLE lease (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    term  INTEGER NOT NULL,
    until INTEGER NOT NULL -- microseconds since 1970-01-01 00:00 UTC
) STRICT;

PRAGMA user_version = 2;
