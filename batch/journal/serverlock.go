package journal

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A lock is an advisory lock of a session of its own, which ends with it, and a row that says
// who has it. Each holder makes up a word for that row, which begins with the name of its Store. A write to the run asks for its own
// word in the same transaction: once another process has taken the lock, no write of this one
// is taken, however late it learns of that.

// key is the number of a lock. Journals in several schemas of one database have other ones.
func (p *server) key(name string) int64 {
	sum := sha256.Sum256([]byte("offboard\x00" + p.schema + "\x00" + name))
	return int64(binary.BigEndian.Uint64(sum[:]) >> 1)
}

// sqlIsLock finds the holder of an advisory lock, whose number follows.
const sqlIsLock = `k.locktype = 'advisory' AND k.granted AND k.objsubid = 1 AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND (k.classid::bigint << 32) + k.objid::bigint =`

// shortly is the context of what is asked about locks.
func shortly() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), lookTime)
}

func (p *server) heldBy(name string) (*LockedError, error) {
	ctx, cancel := shortly()
	defer cancel()
	by, since := LockedError{Run: name}, int64(0)
	rows, err := p.r.QueryContext(ctx, "SELECT coalesce(l.host, ''), coalesce(l.pid, 0), coalesce(l.since, 0), coalesce("+sqlOfEngine+", false) FROM pg_locks k LEFT JOIN locks l ON l.name = $1 WHERE "+sqlIsLock+" $2",
		name, p.key(name))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, rows.Err()
	}
	err = rows.Scan(&by.Host, &by.PID, &since, &by.Engine)
	by.Since = time.UnixMilli(since).UTC()
	return &by, err
}

// engineMark begins the names of processes that are workers of an engine.
const engineMark = "engine-"

const sqlOfEngine = "holder LIKE '" + engineMark + "%'"

// sqlPutOut ends all sessions of the worker that took a lock last, and the one that has it.
const sqlPutOut = `SELECT coalesce(bool_and(pg_terminate_backend(a.pid, 5000)), true) FROM pg_stat_activity a
	WHERE a.application_name = (SELECT '` + sessionName + `' || split_part(holder, '.', 1) FROM locks WHERE name = $1 AND ` + sqlOfEngine + `) AND a.application_name <> $2
	OR a.pid IN (SELECT k.pid FROM pg_locks k WHERE ` + sqlIsLock + ` $3 AND EXISTS (SELECT 1 FROM locks WHERE name = $1 AND ` + sqlOfEngine + `))`

// putOut ends the sessions of a holder, also those without the lock: one that froze in the middle of
// a write keeps the rows that its successor needs. A role may end the sessions of its own.
func (p *server) putOut(name string) error {
	p.mu.Lock()
	mine := p.held[name] != ""
	p.mu.Unlock()
	if mine {
		return nil
	}
	ctx, cancel := shortly()
	defer cancel()
	var done bool
	err := p.r.QueryRowContext(ctx, sqlPutOut, name, sessionName+p.me, p.key(name)).Scan(&done)
	if err == nil && !done {
		err = errGhost
	}
	return err
}

// noticeTime is how long the server may take to notice that the process with a lock has ended.
const noticeTime = time.Second

// lock waits that long for the lock of another process, since the lock of a dead one is free.
func (p *server) lock(name string) (unlock func() error, err error) {
	for until := time.Now().Add(noticeTime); ; time.Sleep(20 * time.Millisecond) {
		unlock, err = p.take(name)
		by, held := errors.AsType[*LockedError](err)
		if !held || by.PID == os.Getpid() && by.Host == hostName() || time.Now().After(until) {
			return unlock, err
		}
	}
}

// take takes a lock that is free, or is a *LockedError.
func (p *server) take(name string) (func() error, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ctx, cancel := shortly()
	defer cancel()
	taken, err := p.held[name] != "", error(nil)
	if !taken {
		if err = p.hold(ctx); err == nil {
			taken, err = p.try(ctx, name)
			taken = !taken
		}
	}
	if err != nil {
		return nil, err
	}
	if taken {
		by, err := p.heldBy(name)
		if by == nil && err == nil {
			by = &LockedError{Run: name} // it has ended since
		}
		if err != nil {
			return nil, err
		}
		return nil, by
	}
	word := p.me + "." + rand.Text()
	if _, err := p.session.ExecContext(ctx, `INSERT INTO locks (name, key, holder, host, pid, since) VALUES ($1, $2, $3, $4, $5, now_ms())
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, host = excluded.host, pid = excluded.pid, since = excluded.since`,
		name, p.key(name), word, hostName(), os.Getpid()); err != nil {
		return nil, errors.Join(err, p.drop(ctx, name))
	}
	p.held[name] = word
	return sync.OnceValue(func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		ctx, cancel := shortly()
		defer cancel()
		delete(p.held, name)
		if p.session == nil { // it was lost, and the lock with it
			return nil
		}
		_, err := p.session.ExecContext(ctx, "DELETE FROM locks WHERE name = $1 AND holder = $2", name, word)
		return errors.Join(err, p.drop(ctx, name))
	}), nil
}

// try takes the advisory lock, if it is free.
func (p *server) try(ctx context.Context, name string) (ok bool, err error) {
	err = p.session.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", p.key(name)).Scan(&ok)
	return ok, err
}

func (p *server) drop(ctx context.Context, name string) error {
	_, err := p.session.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", p.key(name))
	return err
}

// hold makes sure that the session of the locks is there, and takes them again in a new one
// where it is not. Of a lock that another process took meanwhile, if only for a moment, the
// word is another: it stays lost, and every write is ErrLost from then on.
func (p *server) hold(ctx context.Context) (err error) {
	if p.session != nil {
		if err = p.session.PingContext(ctx); err == nil {
			p.looked = time.Now()
			return nil
		}
		_ = p.session.Close()
		p.session = nil
	}
	if p.session, err = p.l.Conn(ctx); err != nil {
		p.session = nil
		return err
	}
	for name, word := range p.held {
		if err = p.again(ctx, name, word); err != nil {
			_ = p.session.Close()
			p.session = nil
			return err
		}
	}
	p.looked = time.Now()
	return nil
}

// errGhost says that the server still has the session that was lost.
var errGhost = errors.New("the server has not noticed yet that the session with the lock is gone")

// again takes a lock again in a new session. One that was taken meanwhile is not asked for, or the
// process that has it now could find it taken between two of its uses.
func (p *server) again(ctx context.Context, name, word string) error {
	var holder string
	err := p.session.QueryRowContext(ctx, "SELECT holder FROM locks WHERE name = $1", name).Scan(&holder)
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return err
	case holder != word:
		return fmt.Errorf("%w: while the session with the lock of %s was gone another process took it", ErrLost, name)
	}
	ok, err := p.try(ctx, name)
	if err == nil && !ok {
		err = errGhost
	}
	return err
}

// writable looks once a second whether the session of the locks is there.
func (p *server) writable(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.held) == 0 || p.session != nil && time.Since(p.looked) < time.Second {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	return p.hold(ctx)
}

func (p *server) claim(t *tx, r *Run) error {
	name := r.Plan().Run
	p.mu.Lock()
	word := p.held[name]
	p.mu.Unlock()
	if word == "" {
		_, err := number(t, "SELECT 1 FROM runs WHERE id = $1 FOR NO KEY UPDATE", r.id)
		return err
	}
	n, err := number(t, "SELECT 1 FROM runs n JOIN locks l ON l.name = $2 AND l.holder = $3 WHERE n.id = $1 FOR NO KEY UPDATE OF n FOR SHARE OF l", r.id, name, word)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: another process took the lock", ErrLost)
	}
	return err
}
