// Package journal keeps what must survive: plans, intents and records, in one
// SQLite file, or in PostgreSQL where several machines share them. Reports, screens and exit codes are read from it; nothing else
// of a run is written down.
//
// # Basics
//
// A run is created, planned, sealed, and only then worked on:
//
//	store, err := journal.Open(ctx, path)
//	run, err := store.Create(ctx, plan)        // planning
//	unlock, err := run.Lock()
//	err = run.AddRows(ctx, rows)               // in any order
//	err = run.Seal(ctx, plan)                  // planned
//	err = run.SetState(ctx, journal.Running, "")
//	err = run.Write(ctx, entry)                // intents, then trials and records
//	err = run.SetState(ctx, journal.Finished, "")
//
// To go on after a crash: find the run, Lock it, Recover it, and send the users
// that are Pending, with call numbers behind LastCall.
//
// # The room, file by file
//
//	store.go    Store: transactions, and how runs are made and found; dialect, what only
//	            one kind of database understands
//	sqlite.go   the dialect of SQLite, with schema.sql: the place of the file, opening, its
//	            check, the write-ahead log, errors; lock.go has its locks
//	server.go   the dialect of PostgreSQL, with server.sql: what it has in other words, opening, rights;
//	            serverurl.go which ways to a server are taken, serverwords.go what it refuses, in
//	            words, serverwait.go what is done while it is away, and serverlock.go its locks
//	columns.go  Go values to columns and back
//	run.go      Run, and its states with their drawing
//	plan.go     rows are added, and the plan is sealed; digest.go holds it against its digest
//	write.go    calls, trials and records are written, and recovered after a crash
//	lines.go    what a report, a resume and the history of a user read
//	counts.go   what a run adds up to, in users and in time
//	sent.go     what other runs have sent, for the quotas
//	campaign.go what a campaign set out to do; its runs name it
//	slice.go    what a run needs that goes on in slices
//	submission.go runs that are to be planned; approval.go has signatures of those that are
//	prune.go    runs are deleted, and their space is given back
//
// # What is durable when
//
// Every method that writes is one transaction, but for Prune, Discard and Compact. When it
// returns nil, the disk has it; when it returns an error, or the process dies in it, none of
// it has happened. A process that dies while committing, or whose commit could not be
// synced, cannot know, and the next one finds out by reading. (TestFaults, TestPowerCuts)
//
// A full disk, or one that fails once, is [ErrDisk], and the same may be
// written again when there is room. A sync that fails is final for the process:
// the kernel may have dropped what it could not write, and then calls the next
// sync a success. So the Store writes nothing any more, moves nothing from the
// log into the file, and on Close leaves the log to the next process, which
// reads it from its beginning. (TestFailedSyncEndsCheckpoints)
//
// A call is intended before it leaves and is over when its users' trials and
// records are written, in the same transaction. So a user in a call that is
// not over may have been sent, and is told as unsettled; a user in no call was
// not sent. Of a call that is over, only its number, its time and its count of
// users are kept.
//
// Writing ignores cancellation, since what is written has already happened. What can
// be done again heeds it: AddRows, AddSkips and Seal before they write, and Prune and
// Compact between two transactions.
//
// # Schema
//
// The tables stand in schema.sql, with words for each column, and all rows of a run go with
// it. A mark is what is known of one run, user, step and target: the step is what is done to
// the user, and the target to what of the user. Today a run has one step, its action, and the
// target is "", the user; further steps, such as disabling the account or its devices, have
// marks of their own. A mark without an outcome is a trial, and a record replaces it. The rows
// of a sealed plan are numbered from 1 without a gap, and the number of a run is never used again.
//
// The view "lines" has one row per row of the input, with readable times and the names
// that the report has:
//
//	sqlite3 -readonly journal.db "SELECT * FROM lines WHERE run = '...' AND outcome = 'failed'"
//
// # Damage
//
// A disk may give back what was never written to it. Before the first user or
// line of a run is given (Pending, Unproven, Users, Lines, Recover), SQLite checks the
// whole file (quick_check), and the plan with all its rows and all that ended when it was
// planned is held against the digest that it was sealed with; see digest.go. What does not agree is
// ErrDamaged; nothing is repaired. The check is made once for each [Run] in hand. For a run
// of a million users it takes about two seconds on two cores, most of it for the digest, and
// for each million users of other runs in the file about one more.
//
// SQLite keeps no sums of its pages, so a bit flipped in a record's time, text or number
// passes for what was written, and so may an older state of the file. The other methods that
// read, such as [Store.Runs], [Run.Summary], [Run.Skips] and [Store.Mentions], do not check at
// all. TestFlips counts what passes. Of 1,300 bits flipped one at a time in the 325 pages of a
// journal of 3,000 users, 554 were errors, 690 changed nothing that is read, 51 (4 %) changed a
// time, a number or a text of a record unseen, and 5 (0.4 %) an outcome. None of them showed
// another person, or a success that was none; a flip in the number of a user whose neighbour
// has no record could do the latter.
//
// SQLite ends a write-ahead log before the first frame that is not whole, and
// says nothing. A damaged journal.db-wal therefore takes back the last commits
// since it was moved into the file, all or the last few of them, never a part
// of one: users that they settled are then as they were before, and sent again. A disk that
// confirms writes which it has not made cannot be mended here.
//
// # On a server
//
// All that is said of transactions holds on PostgreSQL, too, with what a network adds:
//
// A server that goes away is waited for; see [Patience]. What waiting does not mend, such as a password that was
// changed, ends it at once, with words of what it is and what to do: see [ServerError]. (TestServerWords) A transaction that was cut off is tried
// again. The answer to its commit may be what was lost, so each write begins with its own number in
// the row of its process among the writers: where that is there already, it has happened, and is not
// done twice. A try whose session the server still has holds that row, and is waited for.
// (TestServerCuts, TestServerKilled)
//
// A lock is an advisory lock of a session of its own, and a row with a word that its holder made
// up. A session that was cut is opened again, and takes its locks again, if nobody else had them
// meanwhile. Each write to the run asks for its word: where another process had the lock it is
// ErrLost, and nothing of it is there. (TestServerLockLost)
//
// The clocks of machines differ. The ends of calls, by which quotas are counted, are written by the
// server's clock, and told by that of the machine that asks; all other times are those of the
// machine that wrote them, and a machine whose clock is more than a minute off is refused.
//
// A text with a zero byte in it has U+FFFD there instead; cells of the input are kept as they are.
// An owner makes the tables; the role that runs needs no more than to select, insert, update and
// delete, and one that looks no more than to select. (TestServerRights) A server that has fsync off, or that
// would not have to prove who it is over a network, is refused. (TestServerURL)
//
// Not known to the server is what an asynchronous standby lacks when it takes over: commits that were
// confirmed may be gone there. Use synchronous_standby_names.
//
// # Caveats
//
// The log lives in shared memory, and file locks on network file systems are often a promise
// only. The journal belongs on a local disk: never on NFS, SMB or a synchronised folder, and
// never opened by two machines at once.
//
// To copy a journal that may be in use, ask SQLite (".backup" or "VACUUM INTO" in its shell):
// the file alone lacks what is still in journal.db-wal. Nothing in this process may open and
// close the file by other means while a Store is open: on POSIX systems the close drops
// SQLite's locks.
//
// The file and its directory are made for their owner alone (modes 0600 and
// 0700); those of a file that exists are left as they are. On Windows the
// user's profile protects it. It holds names of people, and no secrets.
package journal
