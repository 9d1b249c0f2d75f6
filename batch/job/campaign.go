package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// Campaign is a campaign that is worked on, or looked at.
type Campaign struct {
	journal.Campaign
	Members []Member
	Resumed bool // it was begun by another process
	again   bool // by the same file and not by its name: as with run, what is finished begins anew
	shared  Shared
	closers []func() error
}

// campaignPrefix begins the name of every campaign, and that of no run, which begins with a
// digit.
const campaignPrefix = "campaign-"

// NamesCampaign reports whether a name, or the beginning of one, is a campaign's.
func NamesCampaign(name string) bool {
	return name != "" && (strings.HasPrefix(name, campaignPrefix) || strings.HasPrefix(campaignPrefix, name))
}

// BeginCampaign keeps what the campaign in a file sets out to do, unless it is a dry run, and
// locks it. One that was begun on the same files within a day, and is not at its end, is gone on
// with in its place. The caller closes the campaign.
func BeginCampaign(ctx context.Context, h *Host, o *CampaignOptions, members []Member) (_ *Campaign, err error) {
	c, err := newCampaign(ctx, h, o, members)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if !o.DryRun && !o.New {
		if again, err := c.unfinished(ctx); err != nil {
			return nil, err
		} else if again && c.Submitted() {
			return nil, &Advised{fmt.Errorf("%w; %s: %s of %s on the same files is the workers', who are not at its end; --new starts all over", ErrRefused, nothingWritten, c.Name, c.Created.Local().Format(time.DateTime)), "offboard-temporal status " + c.Name}
		} else if again {
			h.Say("resuming %s of %s on the same files: what is finished begins anew; --new starts all over", c.Name, c.Created.Local().Format(time.DateTime))
			c.again = true
			return c, c.lock()
		}
	}
	if err := c.place(h, o); err != nil || o.DryRun {
		return c, err
	}
	for i := range c.Members {
		if m := &c.Members[i]; o.New && !m.Skip { // also when they begin in a later session
			m.Flags = append(m.Flags, batch.Flag{Name: "new", Value: "true"})
		}
	}
	if err := c.lock(); err != nil {
		return nil, err
	}
	return c, c.add(ctx)
}

// newCampaign is one of which nothing is kept yet, with the journal open.
func newCampaign(ctx context.Context, h *Host, o *CampaignOptions, members []Member) (*Campaign, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	now, sum := time.Now(), sha256.Sum256(text)
	c := &Campaign{Members: members, Campaign: journal.Campaign{Name: campaignPrefix + newName(now), Created: now, Input: o.File, Digest: hex.EncodeToString(sum[:])}}
	if err := c.open(ctx, h, newJournal, false); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// place says where the reports go.
func (c *Campaign) place(h *Host, o *CampaignOptions) (err error) {
	usual := cmp.Or(o.ReportDir, "offboard-"+c.Name)
	if o.ReportDir == "" && journal.ServiceState(h.Getenv) != "" {
		usual = filepath.Join(journal.ServiceState(h.Getenv), "reports", usual)
	}
	c.Dir, err = h.reportDir(usual, batch.Plan{Run: c.Name, Created: c.Created})
	return err
}

// add keeps it in the journal, with what is submitted of it.
func (c *Campaign) add(ctx context.Context, all ...journal.Submission) error {
	text, err := json.Marshal(c.Members)
	if err != nil {
		return err
	}
	c.Campaign.Members = string(text)
	return c.shared.store.AddCampaign(ctx, c.Campaign, all...)
}

func (c *Campaign) open(ctx context.Context, h *Host, open opener, must bool) (err error) {
	if c.shared.store, err = h.openJournal(ctx, open, must); err == nil {
		c.closers = append(c.closers, c.shared.store.Close)
		h.waitFor(c.shared.store, campaignTime)
	}
	return err
}

func (c *Campaign) lock() error {
	unlock, err := c.shared.store.LockCampaign(c.Name)
	if err == nil {
		c.closers = append(c.closers, unlock)
	}
	return err
}

// unfinished takes the newest campaign with the same digest in the place of this one, if it is of the last day and
// not at its end.
func (c *Campaign) unfinished(ctx context.Context) (bool, error) {
	old, err := c.shared.store.CampaignsOf(ctx, c.Digest)
	if err != nil || len(old) == 0 || c.Created.Sub(old[0].Created) > mostAge {
		return false, err
	}
	runs, err := c.runsOf(ctx, old[0].Name)
	if err != nil || !slices.ContainsFunc(c.Members, func(m Member) bool {
		return !m.Skip && (runs[m.Name] == nil || runs[m.Name].State() != journal.Finished)
	}) {
		return false, err
	}
	c.Campaign, c.Resumed = old[0], true
	return true, c.takeMembers()
}

// ResumeCampaign finds a campaign to go on with, and locks it. A file of a member that has no run
// yet must be as it was. The caller closes the campaign.
func ResumeCampaign(ctx context.Context, h *Host, name string) (c *Campaign, err error) {
	if c, err = findCampaign(ctx, h, name, journal.Open); err != nil {
		return nil, err
	}
	c.Resumed = true
	if err = c.lock(); err == nil && c.Submitted() {
		err = &Advised{fmt.Errorf("%w; %s: %s is the workers'; offboard resume takes one of its runs, by the run's own name", ErrRefused, nothingMore, c.Name), "offboard-temporal resume " + c.Name}
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func findCampaign(ctx context.Context, h *Host, name string, open opener) (_ *Campaign, err error) {
	c := &Campaign{}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if err := c.open(ctx, h, open, true); err != nil {
		return nil, err
	}
	if c.Campaign, err = c.shared.store.Campaign(ctx, name); err != nil {
		return nil, err
	}
	return c, c.takeMembers()
}

// takeMembers reads the members that the journal keeps.
func (c *Campaign) takeMembers() error {
	if err := journal.Decode(c.Campaign.Members, &c.Members); err != nil {
		return fmt.Errorf("table campaigns: %w", err)
	}
	return nil
}

// Rehearsal reports whether its tenants are simulated.
func (c *Campaign) Rehearsal() bool {
	return slices.ContainsFunc(c.Members, func(m Member) bool { return slices.Contains(m.Flags, Simulating) })
}

// Simulating is the flag of a rehearsal.
var Simulating = batch.Flag{Name: "simulate", Value: "true"}

// Anew are the words of the command that begins again with these members, on the files as they
// are then.
func (c *Campaign) Anew(members ...string) []string {
	words := []string{"campaign", c.Input}
	for _, name := range members {
		words = append(words, "--only", name)
	}
	return c.rehearsed(words)
}

// GoOn are the words of the command that goes on with all of the campaign.
func (c *Campaign) GoOn() []string { return c.rehearsed([]string{"resume", c.Name}) }

func (c *Campaign) rehearsed(words []string) []string {
	if c.Rehearsal() {
		words = append(words, "--simulate")
	}
	return words
}

// Close takes back what was opened and locked.
func (c *Campaign) Close() {
	for _, end := range slices.Backward(c.closers) {
		_ = end() // what was written is durable by now
	}
}

// Lend gives the host of one member's job what the campaign has: its journal, its quotas, and the
// files of the member, as they were read.
func (c *Campaign) Lend(to *Host, from *Host, m Member, dry bool) {
	to.Shared = &c.shared
	if !dry {
		to.Member = journal.Membership{Campaign: c.Name, Member: m.Name}
	}
	for _, r := range from.Files.all {
		if slices.Contains(m.Files, r.name) {
			to.Files.all = append(to.Files.all, r)
		}
	}
	to.Files.lent = len(to.Files.all)
}

// DirOf is where the report of a member goes.
func (c *Campaign) DirOf(member string) string { return filepath.Join(c.Dir, member) }

// ShowCampaign finds a campaign to look at. The caller closes it.
func ShowCampaign(ctx context.Context, h *Host, name string) (*Campaign, error) {
	return findCampaign(ctx, h, name, journal.OpenToRead)
}

// CampaignToReport finds a campaign whose reports are to be written, which takes a lock. The caller closes it.
func CampaignToReport(ctx context.Context, h *Host, name string) (*Campaign, error) {
	return findCampaign(ctx, h, name, journal.Open)
}
