-- The schema of a journal, as SQLite has it; server.go has the few words that PostgreSQL has in other
-- ways, and server.sql what it needs besides. Times are milliseconds since 1970 UTC, and 0 is unknown. Flags are 0 or 1. Lists are JSON.

CREATE TABLE runs (
	id          INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again, also after a deletion
	name        TEXT NOT NULL UNIQUE,
	state       TEXT NOT NULL CHECK (state IN ('planning', 'planned', 'running', 'stopped', 'finished', 'refused', 'pruning')),
	created     INTEGER NOT NULL,
	input       TEXT NOT NULL,                     -- the file's name
	digest      TEXT NOT NULL,                     -- of the input
	tenant      TEXT NOT NULL,
	steps       TEXT NOT NULL,                     -- in order, with commas between them
	plan        TEXT NOT NULL,                     -- batch.Plan, all of it
	plan_digest TEXT NOT NULL,                     -- SHA-256 of the sealed plan: see digest.go; '' before
	campaign    TEXT NOT NULL DEFAULT '',          -- name of the campaign that it is of, or ''
	member      TEXT NOT NULL DEFAULT ''           -- and what its tenant is called there
) STRICT;

CREATE TABLE campaigns (                           -- runs of several tenants started together
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	name    TEXT NOT NULL UNIQUE,
	created INTEGER NOT NULL,
	input   TEXT NOT NULL,                         -- the file's name
	digest  TEXT NOT NULL,                         -- of that file and all that it names
	dir     TEXT NOT NULL,                         -- where the reports go
	members TEXT NOT NULL                          -- the tenants, and how each is run; no secret
) STRICT;

CREATE TABLE member_ends (                         -- how each tenant of a campaign ended last, also one without a run
	campaign TEXT NOT NULL REFERENCES campaigns (name) ON DELETE CASCADE,
	member   TEXT NOT NULL,                        -- what the tenant is called there
	at       INTEGER NOT NULL,
	exit     INTEGER NOT NULL,                     -- the exit code of its command
	error    TEXT NOT NULL,                        -- what was said; '' for nothing
	next     TEXT NOT NULL,                        -- and what to do; '' for nothing
	PRIMARY KEY (campaign, member)
) STRICT, WITHOUT ROWID;

CREATE TABLE submissions (                         -- runs that a worker is to plan; gone when their plan is sealed or refused
	name    TEXT NOT NULL PRIMARY KEY,             -- that the run will have
	created INTEGER NOT NULL,
	options TEXT NOT NULL,                         -- how the files are read and guarded, as JSON; no secret
	files   TEXT NOT NULL                          -- all that is read, as JSON: names, times and gzipped bytes in base64
) STRICT;

CREATE TABLE approvals (                           -- signatures of people who approve a planned run
	run       INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	no        INTEGER NOT NULL,                    -- from 1
	at        INTEGER NOT NULL,
	key       TEXT NOT NULL,                       -- fingerprint
	signature TEXT NOT NULL,                       -- of the run's name and plan_digest, as ssh-keygen -Y sign makes it
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE states (                              -- how a run came to its state
	run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	no     INTEGER NOT NULL,                       -- from 1
	at     INTEGER NOT NULL,
	state  TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE reports (                             -- every report of a run that was sealed
	run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	no     INTEGER NOT NULL,                       -- from 1
	at     INTEGER NOT NULL,
	sha256 TEXT NOT NULL,                          -- of report.sha256, in hex
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE rows (                                -- the input, and the users that it names
	run        INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	seq        INTEGER NOT NULL,                   -- number of the row, from 1; names the user in all other tables
	file       TEXT NOT NULL,                      -- its name, where the plan has several; '' with one
	line       INTEGER NOT NULL,
	input      TEXT NOT NULL,
	cells      TEXT NOT NULL,                      -- cells of the columns; with a date gate one more: from when the row passes, RFC 3339
	same       INTEGER NOT NULL,                   -- seq of the row that holds the user; 0: this one does
	id         TEXT NOT NULL,                      -- what the directory says, from here on
	upn        TEXT NOT NULL,
	type       TEXT NOT NULL,
	enabled    INTEGER,                            -- NULL: not told
	synced     INTEGER NOT NULL,
	privileged INTEGER NOT NULL,
	before     INTEGER NOT NULL,                   -- the stamp before the run
	sam        TEXT NOT NULL,                      -- in the directory on premises, from here on
	domain     TEXT NOT NULL,
	PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX rows_same ON rows (run, same, seq) WHERE same <> 0;
CREATE INDEX rows_privileged ON rows (run, seq) WHERE privileged = 1; -- they are sent first

CREATE TABLE targets (                             -- what listed steps write to, and what it was before
	run         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	seq         INTEGER NOT NULL,
	step        TEXT NOT NULL,
	target      TEXT NOT NULL,                     -- object id of the device or group; '': the user itself
	place       INTEGER NOT NULL,                  -- among the targets of the step and user, from 0
	name        TEXT NOT NULL,
	kind        TEXT NOT NULL,
	before      TEXT NOT NULL,                     -- the value that the step changes
	on_premises INTEGER NOT NULL,
	sam         TEXT NOT NULL,                     -- of a group in the directory on premises, from here on
	domain      TEXT NOT NULL,
	PRIMARY KEY (run, step, place, seq)            -- in the order of sending
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX targets_of ON targets (run, seq, step, target); -- the check of the plan reads by it

CREATE TABLE skips (                               -- lines of the input that are no rows
	run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	file   TEXT NOT NULL,                          -- as in rows
	line   INTEGER NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (run, file, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE waits (                               -- what a session's calls waited for, in ms
	run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	no      INTEGER NOT NULL,                      -- from 1
	paused  INTEGER NOT NULL,
	quota   INTEGER NOT NULL,
	learned INTEGER NOT NULL,
	rate    INTEGER NOT NULL,
	interruptions TEXT NOT NULL,                   -- outages and pauses
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE calls (                               -- every call that was ever intended
	run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	no      INTEGER NOT NULL,
	step    TEXT NOT NULL,
	app     TEXT NOT NULL,                         -- which app registration sent it
	sent_at INTEGER NOT NULL,
	client_request_id TEXT NOT NULL,               -- the GUID that it carried
	users   INTEGER NOT NULL,                      -- how many
	over    INTEGER NOT NULL,                      -- when it was answered or known to be lost; 0: not yet
	seqs    TEXT NOT NULL,                         -- who is in it; [] when it is over
	targets TEXT NOT NULL,                         -- the target of each of them; [] when they are the targets
	PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_over ON calls (over, run);

CREATE TABLE marks (                               -- what is known of a user: the last word, or a trial
	run         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
	seq         INTEGER NOT NULL,
	step        TEXT NOT NULL,                     -- what was done to the user; '': the user ended before any of several steps
	target      TEXT NOT NULL,                     -- to which thing of the user; '': to the user itself
	-- NULL: sent, and to be sent again. The words are not in a list, since SQLite
	-- builds a list anew for each row that quick_check looks at.
	outcome     TEXT CHECK (outcome = 'verified' OR outcome = 'revoked' OR outcome = 'accepted' OR outcome = 'already' OR outcome = 'unverified'
		OR outcome = 'skipped' OR outcome = 'protected' OR outcome = 'ineffective' OR outcome = 'invalid' OR outcome = 'not_found'
		OR outcome = 'ambiguous' OR outcome = 'not_possible' OR outcome = 'denied' OR outcome = 'failed' OR outcome = 'gave_up'),
	doubt       INTEGER NOT NULL DEFAULT 0,        -- 1: Graph may have acted
	status      INTEGER NOT NULL DEFAULT 0,
	code        TEXT NOT NULL DEFAULT '',
	message     TEXT NOT NULL DEFAULT '',
	attempts    INTEGER NOT NULL DEFAULT 0,
	throttles   INTEGER NOT NULL DEFAULT 0,
	sent_at     INTEGER NOT NULL DEFAULT 0,
	settled_at  INTEGER NOT NULL DEFAULT 0,
	accepted_at INTEGER NOT NULL DEFAULT 0,        -- the server's Date of the 2xx reply
	after       INTEGER NOT NULL DEFAULT 0,        -- the stamp, or time of the last password change, as read back
	shown       TEXT NOT NULL DEFAULT '',          -- the state as read back
	request_id  TEXT NOT NULL DEFAULT '',
	reason      TEXT NOT NULL DEFAULT '',
	state_no    INTEGER NOT NULL DEFAULT 0,        -- states.no of the run when the record was written: 1 is planning, and 0 a trial
	PRIMARY KEY (run, seq, step, target)
) STRICT, WITHOUT ROWID;

CREATE VIEW intents AS                             -- who is in a call that is not over
SELECT k.run, CAST(s.value AS INTEGER) AS seq, k.step, coalesce(t.value, '') AS target, k.no AS call -- typed, or no index would take it
FROM calls k CROSS JOIN json_each(k.seqs) s LEFT JOIN json_each(k.targets) t ON t.key = s.key WHERE k.over = 0;

-- The report of a run with one step as a table, for people with a SQL shell. It says of
-- each row what Run.Lines says, but for the words about users without a record. Of a run
-- with several steps, and of one that lists targets, the view "writes" tells.
CREATE VIEW lines AS
SELECT
	n.name AS run,
	r.line,
	r.input,
	u.id AS user_id,
	u.upn AS user_principal_name,
	u.type AS user_type,
	coalesce(m.outcome, CASE WHEN k.no IS NOT NULL OR m.doubt = 1 THEN 'unsettled' ELSE 'not_sent' END) AS outcome,
	nullif(m.status, 0) AS http_status,
	coalesce(m.code, '') AS error_code,
	coalesce(m.message, '') AS error_message,
	coalesce(m.attempts, 0) AS attempts,
	coalesce(m.throttles, 0) AS throttles,
	strftime('%Y-%m-%dT%H:%M:%fZ', nullif(CASE WHEN m.outcome IS NULL THEN coalesce(k.sent_at, m.sent_at, 0) ELSE m.sent_at END, 0) / 1000.0, 'unixepoch') AS sent_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', nullif(m.settled_at, 0) / 1000.0, 'unixepoch') AS settled_at,
	strftime('%Y-%m-%dT%H:%M:%fZ', nullif(u.before, 0) / 1000.0, 'unixepoch') AS valid_from_before,
	strftime('%Y-%m-%dT%H:%M:%fZ', nullif(m.after, 0) / 1000.0, 'unixepoch') AS valid_from_after,
	CASE WHEN m.outcome IS NULL AND k.client_request_id <> '' THEN 'client-request-id ' || k.client_request_id ELSE coalesce(m.request_id, '') END AS request_id,
	coalesce(m.reason, '') AS reason,
	r.file
FROM rows r
JOIN runs n ON n.id = r.run AND n.state <> 'pruning' AND instr(n.steps, ',') = 0
	AND n.steps NOT IN ('password', 'devices', 'groups', 'licences', 'enable', 'enable-devices', 'join-groups', 'add-licences') -- the listed ones
JOIN rows u ON u.run = r.run AND u.seq = CASE r.same WHEN 0 THEN r.seq ELSE r.same END
LEFT JOIN marks m ON m.run = u.run AND m.seq = u.seq AND m.step = n.steps AND m.target = ''
LEFT JOIN (SELECT run, seq, step, max(call) AS call FROM intents GROUP BY run, seq, step) i
	ON m.outcome IS NULL AND i.run = u.run AND i.seq = u.seq AND i.step = n.steps
LEFT JOIN calls k ON k.run = i.run AND k.no = i.call;

-- What is known of each target, in runs of all kinds.
CREATE VIEW writes AS
SELECT
	n.name AS run,
	u.line,
	u.input,
	u.id AS user_id,
	u.upn AS user_principal_name,
	m.step,
	m.target,
	coalesce(t.name, '') AS name,
	coalesce(t.kind, '') AS kind,
	coalesce(t.before, '') AS before,
	m.shown AS after,
	coalesce(m.outcome, CASE WHEN m.doubt = 1 OR EXISTS (SELECT 1 FROM intents i
		WHERE i.run = m.run AND i.seq = m.seq AND i.step = m.step AND i.target = m.target) THEN 'unsettled' ELSE 'not_sent' END) AS outcome,
	m.reason,
	u.file
FROM marks m
JOIN runs n ON n.id = m.run AND n.state <> 'pruning'
JOIN rows u ON u.run = m.run AND u.seq = m.seq
LEFT JOIN targets t ON t.run = m.run AND t.seq = m.seq AND t.step = m.step AND t.target = m.target;
