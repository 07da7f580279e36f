-- +goose Up
-- The table of entries: appended to, never changed. What is in a body is the
-- journal's business; its chain of hashes is checked at every replay.
CREATE TABLE entries (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    prev BLOB NOT NULL CHECK (length(prev) = 32),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER entries_follow BEFORE INSERT ON entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entries)
BEGIN SELECT RAISE(ABORT, 'entries are appended without gaps'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER entries_keep BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
-- +goose StatementEnd

-- "orgs": tells a journal from the database of another program.
PRAGMA application_id = 1869768563;
PRAGMA user_version = 1;
