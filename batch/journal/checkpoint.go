package journal

import (
	"context"
	"fmt"
)

// logPages is how long the write-ahead log may grow before it is moved into the
// file, in pages of 4 KB.
const logPages = 1000

const logLength = "PRAGMA wal_checkpoint(NOOP)"

// keepLogShort does what SQLite does by itself after a commit, but for one
// thing: it looks at the result. A checkpoint that a reader keeps from its end
// leaves pages in the file that are not synced; when the sync of the next one
// fails, the kernel may have dropped them, and the one after that would call
// them safe and forget the log. So none may follow a failed sync.
//
// The write before is durable whatever becomes of this.
func (s *Store) keepLogShort(ctx context.Context) {
	st := s.stmts[logLength]
	if st == nil {
		return // the file is being opened, and its log looked at soon
	}
	var busy, log, moved int
	err := st.QueryRowContext(ctx).Scan(&busy, &log, &moved)
	if err == nil && log-moved >= logPages {
		s.checkpoint(ctx, "PASSIVE")
	}
}

// checkpoint moves the log into the file, as far as readers allow it. What
// fails can be done again later, but for a sync: none follows that. The caller
// holds writing.
func (s *Store) checkpoint(ctx context.Context, mode string) {
	if s.unsynced != nil {
		return
	}
	_, err := s.w.ExecContext(ctx, "PRAGMA wal_checkpoint("+mode+")")
	if syncFailed(err) {
		s.unsynced = fmt.Errorf("move log into file: %w", sqliteFault(err))
	}
}
