package journal

import (
	"context"
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

// AddCampaign keeps a campaign before its first run. Its name must be new.
func (s *Store) AddCampaign(ctx context.Context, c Campaign) error {
	err := s.update(ctx, func(t *tx) error {
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

// LockCampaign keeps others from working on the campaign, or fails with a *LockedError.
func (s *Store) LockCampaign(name string) (unlock func() error, err error) { return s.lock(name) }

// forgetCampaign deletes a campaign whose last run is gone.
func (s *Store) forgetCampaign(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	return s.update(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM campaigns WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM runs WHERE campaign = $1)", name)
		return err
	})
}
