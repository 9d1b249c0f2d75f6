package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Campaign is what a campaign set out to do. Its runs know it: [Run.Membership].
type Campaign struct {
	Name    string
	Created time.Time
	Input   string // the file's name
	Digest  string // of that file and all that it names, hex
	Dir     string // where the reports go
	Members string // the tenants, and how each is run, as JSON
}

// AddCampaign keeps a campaign before its first run, with the submissions of its members, if it has some: all or
// nothing. Its name must be new.
func (s *Store) AddCampaign(ctx context.Context, c Campaign, all ...Submission) error {
	err := s.update(ctx, func(t *tx) error {
		for _, u := range all {
			if err := u.add(t); err != nil {
				return err
			}
		}
		_, err := t.exec("INSERT INTO campaigns (name, created, input, digest, dir, members) VALUES ($1, $2, $3, $4, $5, $6)",
			c.Name, c.Created, c.Input, c.Digest, c.Dir, c.Members)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep campaign %s in %s: %w", c.Name, s.path, err)
	}
	return nil
}

// Campaign finds a campaign by its name, or by a beginning that no other one shares. It fails
// with ErrNoRun or ErrAmbiguous.
func (s *Store) Campaign(ctx context.Context, name string) (Campaign, error) {
	found, err := s.campaigns(ctx, `WHERE substr(name, 1, length($1)) = $1
		ORDER BY CASE name WHEN $1 THEN 0 ELSE 1 END, id DESC LIMIT $2`, name, mostAlike)
	c, err := only(found, err, name, func(c Campaign) string { return c.Name })
	if err != nil {
		return c, fmt.Errorf("find campaign %q in %s: %w", name, s.path, err)
	}
	return c, nil
}

// Campaigns lists all campaigns, the newest first.
func (s *Store) Campaigns(ctx context.Context) ([]Campaign, error) {
	return s.campaigns(ctx, "ORDER BY id DESC")
}

// CampaignsOf finds the campaigns with this digest, the newest first.
func (s *Store) CampaignsOf(ctx context.Context, digest string) ([]Campaign, error) {
	return s.campaigns(ctx, "WHERE digest = $1 ORDER BY id DESC", digest)
}

func (s *Store) campaigns(ctx context.Context, rest string, args ...any) (all []Campaign, err error) {
	err = s.read(ctx, func(t *tx) error {
		all, err = list(t, func(c *Campaign) []any {
			return []any{&c.Name, &c.Created, &c.Input, &c.Digest, &c.Dir, &c.Members}
		}, "SELECT name, created, input, digest, dir, members FROM campaigns "+rest, args...)
		return err
	})
	return all, err
}

// MemberEnd is how the command of a campaign's tenant ended last, also if the tenant never had a run.
type MemberEnd struct {
	Member string // what the tenant is called in the campaign
	At     time.Time
	Exit   int    // the exit code
	Error  string // what was said; "" for nothing
	Next   string // what to do; "" for nothing
}

// EndMember keeps how a member of a campaign ended, in place of how it ended before.
func (s *Store) EndMember(ctx context.Context, campaign string, e MemberEnd) error {
	err := s.update(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO member_ends (campaign, member, at, exit, error, next) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (campaign, member) DO UPDATE SET at = excluded.at, exit = excluded.exit, error = excluded.error, next = excluded.next`,
			campaign, e.Member, e.At, e.Exit, e.Error, e.Next)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep how %s of campaign %s ended in %s: %w", e.Member, campaign, s.path, err)
	}
	return nil
}

// MemberEnds are how the members of a campaign ended, by name; one that was not worked on to an end has none.
func (s *Store) MemberEnds(ctx context.Context, campaign string) (map[string]MemberEnd, error) {
	var all []MemberEnd
	err := s.read(ctx, func(t *tx) (err error) {
		all, err = list(t, func(e *MemberEnd) []any { return []any{&e.Member, &e.At, &e.Exit, &e.Error, &e.Next} },
			"SELECT member, at, exit, error, next FROM member_ends WHERE campaign = $1", campaign)
		return err
	})
	ends := map[string]MemberEnd{}
	for _, e := range all {
		ends[e.Member] = e
	}
	return ends, err
}

// LockCampaign keeps others from working on the campaign, or fails with a *LockedError.
func (s *Store) LockCampaign(name string) (unlock func() error, err error) { return s.lock(name) }

// LockReports keeps other campaigns from writing their summary into a directory meanwhile. It waits for them,
// and fails with a *LockedError if that takes long.
func (s *Store) LockReports(dir string) (unlock func() error, err error) {
	sum := sha256.Sum256([]byte(dir))
	for until := time.Now().Add(lookTime); ; time.Sleep(20 * time.Millisecond) {
		if unlock, err = s.lock("reports-" + hex.EncodeToString(sum[:8])); !errors.Is(err, ErrLocked) || time.Now().After(until) {
			return unlock, err
		}
	}
}

// CampaignsBefore finds the campaigns that began before a time, the oldest first.
func (s *Store) CampaignsBefore(ctx context.Context, at time.Time) ([]Campaign, error) {
	return s.campaigns(ctx, "WHERE created < $1 ORDER BY id", at)
}

// ForgetCampaign deletes a campaign that has no run, or none any more; done reports whether it did. It fails with
// a *LockedError if somebody works on it.
func (s *Store) ForgetCampaign(ctx context.Context, name string) (done bool, err error) {
	unlock, err := s.LockCampaign(name)
	if err != nil {
		return false, err
	}
	err = s.update(ctx, func(t *tx) error {
		deleted, err := t.exec("DELETE FROM campaigns WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM runs WHERE campaign = $1)", name)
		done = deleted > 0
		return err
	})
	return done, errors.Join(err, unlock())
}
