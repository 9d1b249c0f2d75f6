package journal

import (
	"context"
	"fmt"
	"time"
)

// Submission is a run that some process is to plan from bytes that the journal keeps.
type Submission struct {
	Name    string // that the run will have
	Created time.Time
	Options string // as JSON
	Files   []File // all that is read
}

// File is a file as it was read.
type File struct {
	Name    string
	Changed time.Time // the last time, by the file system; zero when that is unknown
	GZip    []byte
}

// Kept is how long a submission is kept that nobody plans.
const Kept = 24 * time.Hour

// AddSubmission keeps a submission, and deletes those that are too old to be planned.
func (s *Store) AddSubmission(ctx context.Context, u Submission) error {
	err := s.update(ctx, func(t *tx) error { return u.add(t) })
	if err != nil {
		return fmt.Errorf("keep submission %s in %s: %w", u.Name, s.path, err)
	}
	return nil
}

// Submissions are those that no process has planned, the newest first, without their files.
func (s *Store) Submissions(ctx context.Context) (all []Submission, err error) {
	err = s.read(ctx, func(t *tx) error {
		all, err = list(t, func(u *Submission) []any { return []any{&u.Name, &u.Created, &u.Options} },
			"SELECT name, created, options FROM submissions WHERE name NOT IN (SELECT name FROM runs WHERE state <> 'planning') ORDER BY created DESC, name")
		return err
	})
	if err != nil {
		err = fmt.Errorf("list submissions in %s: %w", s.path, err)
	}
	return all, err
}

func (u Submission) add(t *tx) error {
	if _, err := t.exec("DELETE FROM submissions WHERE created < $1", u.Created.Add(-Kept)); err != nil {
		return err
	}
	_, err := t.exec("INSERT INTO submissions (name, created, options, files) VALUES ($1, $2, $3, $4)", u.Name, u.Created, u.Options, u.Files)
	return err
}

// Submission finds a submission by its whole name, or fails with ErrNoRun.
func (s *Store) Submission(ctx context.Context, name string) (u Submission, err error) {
	err = s.read(ctx, func(t *tx) error {
		all, err := list(t, func(u *Submission) []any { return []any{&u.Name, &u.Created, &u.Options, &u.Files} },
			"SELECT name, created, options, files FROM submissions WHERE name = $1", name)
		if u, err = first(all, err); err == nil && len(all) == 0 {
			err = ErrNoRun
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("find submission %q in %s: %w", name, s.path, err)
	}
	return u, err
}

// Forget deletes a submission, if it is there. It ignores cancellation.
func (s *Store) Forget(ctx context.Context, name string) error {
	err := s.update(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM submissions WHERE name = $1", name)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget submission %s in %s: %w", name, s.path, err)
	}
	return nil
}
