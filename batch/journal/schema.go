package journal

import (
	"context"
	"net/url"
	"path/filepath"
	"strings"
)

// Everything that only SQLite understands stands in this file and in open.go.
// Queries elsewhere keep to what PostgreSQL would take as well, but for the
// placeholder.

// applicationID marks the file as a journal of offboard: "ofbd".
const applicationID = 0x6f666264

// step leads from one version of the schema to the next: statements, and then
// what they cannot do.
type step struct {
	sql  string
	fill func(context.Context, *tx) error
}

// steps is the schema's history; the n-th leads to version n. What was once
// released is never edited: a change is a new step at the end.
var steps = [...]step{{sql: tables + linesView}, {sums, fillSums}}

const tables = `
CREATE TABLE runs (
	id       INTEGER PRIMARY KEY,
	name     TEXT NOT NULL UNIQUE,
	state    TEXT NOT NULL,
	created  INTEGER NOT NULL,
	version  TEXT NOT NULL,
	input    TEXT NOT NULL,
	digest   TEXT NOT NULL,
	columns  TEXT NOT NULL,               -- JSON: names
	settings TEXT NOT NULL,               -- JSON: [{Name, Value, Why}]
	tenant   TEXT NOT NULL,
	app      TEXT NOT NULL,
	cloud    TEXT NOT NULL,
	action   TEXT NOT NULL,
	resolve  INTEGER NOT NULL,
	verify   INTEGER NOT NULL,
	rows     INTEGER NOT NULL,
	users    INTEGER NOT NULL,
	lines    INTEGER NOT NULL
) STRICT;

CREATE TABLE states (                     -- how the run came to its state
	run    INTEGER NOT NULL REFERENCES runs(id),
	no     INTEGER NOT NULL,              -- from 1
	at     INTEGER NOT NULL,
	state  TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE rows (                       -- the input, and the users it names
	run       INTEGER NOT NULL REFERENCES runs(id),
	seq       INTEGER NOT NULL,           -- ordinal of the row; names the user in all other tables
	line      INTEGER NOT NULL,
	input     TEXT NOT NULL,
	cells     TEXT,                       -- JSON: cells of the columns; NULL: the input alone
	given_id  TEXT NOT NULL,
	given_upn TEXT,                       -- NULL: as the input
	same      INTEGER,                    -- seq of the row that holds this user; NULL: this one
	id        TEXT NOT NULL,
	upn       TEXT,                       -- NULL: as the input
	type      TEXT NOT NULL,
	enabled   INTEGER NOT NULL,
	synced    INTEGER NOT NULL,
	before    INTEGER NOT NULL,           -- the stamp before the run
	PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX rows_same ON rows (run, same, line) WHERE same IS NOT NULL;

CREATE TABLE skips (                      -- lines of the input that are no rows
	run    INTEGER NOT NULL REFERENCES runs(id),
	line   INTEGER NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (run, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE waits (                      -- what a session's calls waited for, in ms
	run     INTEGER NOT NULL REFERENCES runs(id),
	no      INTEGER NOT NULL,             -- from 1
	paused  INTEGER NOT NULL,
	quota   INTEGER NOT NULL,
	learned INTEGER NOT NULL,
	rate    INTEGER NOT NULL,
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (                      -- every call that was ever intended
	run     INTEGER NOT NULL REFERENCES runs(id),
	no      INTEGER NOT NULL,
	app     TEXT NOT NULL,                -- which app registration sent it
	sent_at INTEGER NOT NULL,
	users   INTEGER NOT NULL,
	over    INTEGER NOT NULL,             -- when it was answered or known to be lost; 0: not yet
	seqs    TEXT,                         -- JSON: who is in it; NULL: it is over
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_over ON calls (over);  -- finds those of one run that are not over, too

CREATE VIEW intents AS                    -- who is in a call that is not over
SELECT k.run, CAST(s.value AS INTEGER) AS seq, k.no AS call -- typed, or no index would take it
FROM calls k JOIN json_each(k.seqs) s WHERE k.over = 0;

CREATE TABLE trials (                     -- who was sent, and will be sent again
	run        INTEGER NOT NULL REFERENCES runs(id),
	seq        INTEGER NOT NULL,
	attempts   INTEGER NOT NULL,
	throttles  INTEGER NOT NULL,
	sent_at    INTEGER NOT NULL,
	doubt      INTEGER NOT NULL,          -- 1: Graph may have acted
	status     INTEGER NOT NULL,
	code       TEXT NOT NULL,
	message    TEXT NOT NULL,
	request_id TEXT NOT NULL,
	PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (                    -- the last word on a user
	run         INTEGER NOT NULL REFERENCES runs(id),
	seq         INTEGER NOT NULL,
	outcome     TEXT NOT NULL,
	status      INTEGER NOT NULL,
	code        TEXT NOT NULL,
	message     TEXT NOT NULL,
	attempts    INTEGER NOT NULL,
	throttles   INTEGER NOT NULL,
	sent_at     INTEGER NOT NULL,
	settled_at  INTEGER NOT NULL,
	accepted_at INTEGER NOT NULL,         -- the server's Date of the 2xx reply
	after       INTEGER NOT NULL,         -- the stamp as read back
	request_id  TEXT NOT NULL,
	reason      TEXT NOT NULL,
	PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
`

// linesView is the report as a table, for people with a SQL shell. It says of
// every row what Run.Lines says, but for the words about users without a
// record, in the names that the report has.
var linesView = `
CREATE VIEW lines AS
SELECT
	n.name AS run,
	r.line,
	r.input,
	u.id AS user_id,
	coalesce(u.upn, u.input) AS user_principal_name,
	u.type AS user_type,
	coalesce(c.outcome, CASE WHEN k.no IS NOT NULL OR t.doubt = 1
		THEN 'unsettled' ELSE 'not_sent' END) AS outcome,
	nullif(coalesce(c.status, t.status), 0) AS http_status,
	coalesce(c.code, t.code, '') AS error_code,
	coalesce(c.message, t.message, '') AS error_message,
	coalesce(c.attempts, t.attempts, 0) AS attempts,
	coalesce(c.throttles, t.throttles, 0) AS throttles,
	` + utc("coalesce(c.sent_at, k.sent_at, t.sent_at, 0)") + ` AS sent_at,
	` + utc("c.settled_at") + ` AS settled_at,
	` + utc("u.before") + ` AS valid_from_before,
	` + utc("c.after") + ` AS valid_from_after,
	coalesce(c.request_id, t.request_id, '') AS request_id,
	coalesce(c.reason, '') AS reason
FROM rows r
JOIN runs n ON n.id = r.run
JOIN rows u ON u.run = r.run AND u.seq = coalesce(r.same, r.seq)
LEFT JOIN records c ON c.run = u.run AND c.seq = u.seq
LEFT JOIN trials t ON t.run = u.run AND t.seq = u.seq
LEFT JOIN (SELECT run, seq, max(call) AS call FROM intents GROUP BY run, seq) i
	ON c.seq IS NULL AND i.run = u.run AND i.seq = u.seq
LEFT JOIN calls k ON k.run = i.run AND k.no = i.call;
`

// utc turns a column of milliseconds into RFC 3339, and 0 into NULL.
func utc(ms string) string {
	return "strftime('%Y-%m-%dT%H:%M:%fZ', nullif(" + ms + ", 0) / 1000.0, 'unixepoch')"
}

// dropTrials takes a JSON list of users: one statement, however many they are.
const dropTrials = `DELETE FROM trials WHERE run = ? AND seq IN (SELECT value FROM json_each(?))`

// dropCache is what a reader does at its end. All connections of a process
// share one list of pages that may be reused: a writer that takes an idle
// reader's pages leaves that reader below its own limit and all of them at the
// common one, and SQLite then drops every page at once that it has read
// (measured: Lines at 40 % of its speed, with two reads of the file a row).
const dropCache = "PRAGMA shrink_memory"

// dsn names the file and sets what holds for every connection. Durability is
// synchronous=FULL: a commit is on the disk when it returns; on macOS that
// takes F_FULLFSYNC, since fsync there stops at the drive's own cache.
func dsn(path string, readOnly bool) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	q := url.Values{
		"_txlock":    {"immediate"}, // a write waits at its beginning, and cannot fail halfway for a lock
		"_dqs":       {"0"},
		"_defensive": {"1"},
		"_pragma": {
			"busy_timeout(10000)",
			"synchronous(FULL)",
			"fullfsync(1)",
			"checkpoint_fullfsync(1)",
			"foreign_keys(1)",
			"trusted_schema(0)",
			"cache_size(-8192)",
			"wal_autocheckpoint(0)", // see keepLogShort
			"journal_size_limit(67108864)",
		},
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
