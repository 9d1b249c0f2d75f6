// Package journal keeps what must survive: plans, intents and records, in one
// SQLite file. Reports, screens and exit codes are read from it; nothing else
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
// To go on after a crash: find the run, Lock it, Recover it, and send whoever
// is Pending, with call numbers behind LastCall.
//
// # What is durable when
//
// Every method that writes is one transaction, but for Prune. When it returns nil, the disk
// has it; when it returns an error, or the process dies in it, none of it has
// happened. The one exception: a process that dies while committing, or whose
// commit could not be synced, cannot know, and the next one finds out by
// reading. (TestFaults, TestPowerCuts)
//
// A full disk, or one that fails once, is [ErrDisk], and the same may be
// written again when there is room. A sync that fails is final for the process:
// the kernel may have dropped what it could not write, and then calls the next
// sync a success. So the Store writes nothing any more, moves nothing from the
// log into the file, and on Close leaves the log to the next process, which
// reads it from its beginning. (TestFailedSyncEndsCheckpoints)
//
// A call is intended before it leaves and is over when its users' trials and
// records are written, in the same transaction. So whoever is in a call that is
// not over may have been sent, and is told as unsettled; whoever is in none was
// not sent. Of a call that is over, only its number, its time and its count of
// users are kept.
//
// Writing ignores cancellation, since what is written has already happened.
// AddRows and AddSkips, which can be done again, heed it.
//
// # Pruning
//
// A run of a million users is too much for one transaction that others wait
// for. The first transaction of a deletion puts the run into the state
// "pruning", and the others empty its tables bit by bit. From the first one on
// the run is gone for everybody: it cannot be found, and whoever reads it, also
// with a Run found before, is told so by the end of the page, so that no report
// is short or wrong. Only [Store.Old] still knows it, and goes on with it.
//
// # Schema
//
//	runs --+-- tallies          how many rows of each kind it has
//	       |
//	       +-- states           how it came to its state
//	       |
//	       +-- skips            lines of the input that are no rows
//	       |
//	       +-- rows ......+     one per row of the input; holds the user that
//	       |     ^  |     :     the row names, unless "same" points to the row
//	       |     +--+     :     that does
//	       |    same      :
//	       |              : (run, seq)
//	       +-- records ...+     the last word on a user
//	       |              :
//	       +-- trials ....+     who was sent and will be sent again
//	       |              :
//	       +-- calls .....+     every call ever intended; lists its users while it
//	       |                    is not over
//	       +-- waits            what each session's calls waited for
//
// A row that repeats itself says "=" for an id or a name that it has already, and a
// cell's place for a cell; see given.go. The view "lines" spells them out.
//
// A user has at most one record and one trial, and a record ends the trial. The
// rows of a sealed plan are numbered from 1 without a gap. Times are
// milliseconds since 1970 UTC, 0 is unknown; lists are JSON.
//
// The view "intents" has one row per user in a call that is not over. The view
// "lines" has one row per row of the input, with readable times and the names
// that the report has:
//
//	sqlite3 -readonly journal.db "SELECT * FROM lines WHERE run = '...' AND outcome = 'failed'"
//
// The version of the schema is SQLite's user_version. [Open] brings an older
// file up to date, all of it or nothing, and refuses a newer one. Version 2
// added privileged users, sums and tallies, and what a plan's users were chosen by.
//
// # Damage
//
// A disk may give back what was never written to it. SQLite does not notice a
// flipped bit in a name, a page that holds one row less, or a table that begins
// at another's page; so every row has a sum (CRC-32C over all of its columns,
// the run and the key included), and every run a tally of its rows, counted by
// table and outcome with the sum of their keys, that is written in the same
// transaction. Before the first user or line of a run is given, all that says
// who is there and how everybody stands is counted and held against the
// tally; every row that is given has its sum checked. What does not agree is
// ErrDamaged, with the file, the run, the table and the row. So is what SQLite
// itself finds; a disk that is full, or fails to read or write, is ErrDisk.
//
// A change by hand, with a SQL shell, is damage as well.
//
// The count is taken once for each [Run] in hand, about a second for a million
// users, and then kept in step, in two bytes a user. PRAGMA quick_check would
// take as long again and sees less.
//
// [Repair] brings what is good into a new file. A run that has lost anything is
// [Damaged] there: it cannot be resumed, every reader shows the state and
// reason, a lost row has a line of its own, and nobody without a record is told
// as not sent.
//
// What is not seen: a file that was cut to nothing, or lost with its log, is
// like one that never was; a file put back to how it was at an earlier time, sums
// and tallies with it, agrees with itself; and one row in four thousand
// million whose damage goes beyond 32 neighbouring bits passes for whole. The
// views are SQL and check nothing.
//
// # Caveats
//
// SQLite's write-ahead log lives in shared memory, and file locks on network
// file systems are often a promise only. The journal belongs on a local disk:
// never on NFS, SMB or a synchronised folder, and never opened by two machines
// at once.
//
// To copy a journal that may be in use, ask SQLite (".backup" or "VACUUM INTO"
// in its shell). Copying the file alone leaves out what is still in
// journal.db-wal.
//
// Nothing in this process may open and close the file by other means while a
// Store is open: on POSIX systems the close drops SQLite's locks.
//
// The file and its directory are made for their owner alone (modes 0600 and
// 0700); those of a file that exists are left as they are. On Windows the
// user's profile protects it. It holds names of people, and no secrets.
//
// Deleted runs leave free pages, which later runs fill; the file shrinks by
// [Compact] only.
//
// SQLite ends a write-ahead log before the first frame that is not whole, and
// says nothing. A damaged journal.db-wal therefore takes back the last commits
// since it was moved into the file, all or the last few of them, never a part
// of one: users whom they settled are then as they were before, and sent
// again.
//
// What a disk does that confirms writes which it has not made, nobody here can
// mend.
package journal
