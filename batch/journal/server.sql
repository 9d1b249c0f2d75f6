-- What a journal on PostgreSQL has besides schema.sql.

CREATE TABLE offboard_journal (version BIGINT NOT NULL); -- one row: the form of the journal

CREATE TABLE writers (                             -- the processes that write, and each one's last write
	id TEXT PRIMARY KEY,                           -- made up by the process
	no BIGINT NOT NULL,                            -- of its last write: a commit whose answer was lost is looked up here
	at BIGINT NOT NULL
);

CREATE TABLE locks (                               -- who took which lock last; an advisory lock says whether it is held
	name   TEXT PRIMARY KEY,
	key    BIGINT NOT NULL,                        -- of the advisory lock
	holder TEXT NOT NULL,                          -- the Store's name and a word made up: a write of another holder is refused
	host   TEXT NOT NULL,
	pid    BIGINT NOT NULL,
	since  BIGINT NOT NULL
);

-- Words of SQLite that the statements and views use.

CREATE DOMAIN word AS text COLLATE "C";

CREATE FUNCTION json_each(list text) RETURNS TABLE (key bigint, value word) LANGUAGE sql STABLE
	AS 'SELECT ordinality - 1, value FROM json_array_elements_text(replace(list, ''\u0000'', ''\ufffd'')::json) WITH ORDINALITY'; -- no text has a zero byte

CREATE FUNCTION instr(text, text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT strpos($1, $2)';

CREATE FUNCTION strftime(text, numeric, text) RETURNS text LANGUAGE sql STABLE
	AS 'SELECT to_char(to_timestamp($2) AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'')';

CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE
	AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint';
