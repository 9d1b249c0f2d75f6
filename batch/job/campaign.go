package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
	"offboard/report"
)

// Member is a tenant of a campaign, and how it is run. The journal keeps it as JSON.
type Member struct {
	Name   string       `json:"name"`   // unlike that of every other one, also where case does not count
	Tenant string       `json:"tenant"` // id or domain
	Files  []string     `json:"files"`
	Flags  []batch.Flag `json:"flags"` // of run
	Skip   bool         `json:"skip,omitempty"`
	SHA256 []string     `json:"sha256"`         // of the files, as they were when the campaign began
	Rows   int          `json:"rows,omitempty"` // of one that is skipped, in the file of all
	Digest string       `json:"digest"`         // SHA-256 of what the campaign's file says of it, but for Lists; hex
	Line   int          `json:"-"`              // in the campaign's file

	Added   []batch.Flag `json:"-"` // lists of protected users that the file has since
	Changed string       `json:"-"` // why nothing more is done of it, since the file is not as it was; "" when it is
}

// Lists are the flags of protected users. What the campaign's file adds to them holds at once.
var Lists = []string{"protect", "protect-group"}

// Sum sets the digest.
func (m *Member) Sum() error {
	text, err := json.Marshal(Member{Name: m.Name, Tenant: m.Tenant, Skip: m.Skip, Files: m.Files,
		Flags: slices.DeleteFunc(slices.Clone(m.Flags), func(f batch.Flag) bool { return slices.Contains(Lists, f.Name) })})
	sum := sha256.Sum256(text)
	m.Digest = hex.EncodeToString(sum[:])
	return err
}

// Hold holds the members against what the campaign's file says of them now; unread says why it
// cannot be read. Of a member that is not as it was no more is done.
func (c *Campaign) Hold(now []Member, unread error) {
	for i := range c.Members {
		m := &c.Members[i]
		at := slices.IndexFunc(now, func(n Member) bool { return n.Name == m.Name })
		switch {
		case unread != nil:
			m.Changed = fmt.Sprintf("whether its part of the campaign's file is as it was cannot be seen: %v; put the file back; a run that was begun goes on by its name, too", unread)
		case at < 0:
			m.Changed = fmt.Sprintf("it is not in %s any more", c.Input)
		case now[at].Skip && !m.Skip:
			m.Changed = fmt.Sprintf("%s, line %d, leaves it out now", c.Input, now[at].Line)
		case now[at].Digest != m.Digest:
			m.Changed = fmt.Sprintf("what %s, line %d, says of it is not as it was when %s began", c.Input, now[at].Line, c.Name)
		default:
			for _, f := range now[at].Flags {
				if slices.Contains(Lists, f.Name) && !slices.Contains(m.Flags, f) {
					m.Flags, m.Added = append(m.Flags, f), append(m.Added, f)
				}
			}
		}
	}
}

// Held refuses a member that is not as it was; begun says that it has a run.
func (c *Campaign) Held(h *Host, m Member, begun bool) error {
	if m.Changed == "" {
		return nil
	}
	undone, anew := nothingWritten, []string{"campaign", c.Input, "--only", m.Name}
	if begun {
		undone, anew = nothingMore, append(anew, "--new")
	}
	return &Advised{fmt.Errorf("%w; %s: %s", ErrRefused, undone, m.Changed), h.Typed(anew...)}
}

// Whose reads the files that have the people of all members, as one of them reads them, and sees that each
// row names one member, by its name or its tenant in that column. It counts the rows of members that are
// skipped. Rows that name nobody are a refusal: they may be people who were forgotten.
func Whose(h *Host, s Selection, files []string, column string, members []Member) error {
	opt, err := s.options(h.Began)
	if err != nil {
		return err
	}
	var in inputs
	for _, name := range files {
		r, err := h.read(name)
		if err != nil {
			return err
		}
		in = append(in, r)
	}
	skipped := map[string]*Member{}
	for i := range members {
		for _, value := range []string{members[i].Name, members[i].Tenant} {
			if members[i].Skip {
				skipped[strings.ToLower(value)] = &members[i]
			} else {
				opt.RowsOf = append(opt.RowsOf, column+"="+value)
			}
		}
	}
	var lost []string
	n := 0
	lose := func(row batch.Row, why string) {
		if n++; len(lost) < 5 {
			lost = append(lost, fmt.Sprintf("%s (%s)", row.Place(), why))
		}
	}
	opt.Others = func(row batch.Row, cell string) {
		switch m := skipped[strings.ToLower(cell)]; {
		case m != nil:
			m.Rows++
		case cell == "":
			lose(row, "empty")
		default:
			lose(row, fmt.Sprintf("%q", cell))
		}
	}
	rows, err := intake.Open(in.sources(), opt)
	if err != nil {
		return err
	}
	defer rows.Close()
	for row, err := range rows.Rows() {
		if _, bad := errors.AsType[*batch.RowError](err); err != nil && !bad {
			return err
		}
		if row.Cells == nil {
			lose(row, "its cells cannot be told apart")
		}
	}
	if n > 0 {
		return fmt.Errorf("%w; %s: %s of %s %s no tenant of the campaign in the column %q: %s; correct them, or add the tenant, with skip: true if its people are to be left out",
			ErrRefused, nothingWritten, batch.Plural(n, "row"), batch.SomeOf(files, len(files)), batch.Agree(n, "names", "name"), column, batch.SomeOf(lost, n))
	}
	return nil
}

// Campaign is a campaign that is worked on, or looked at.
type Campaign struct {
	journal.Campaign
	Members []Member
	Resumed bool // it was begun by another process
	again   bool // by the same file and not by its name: as with run, what is finished begins anew
	shared  Shared
	undo    []func() error
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
	now := time.Now()
	c := &Campaign{Members: members, Campaign: journal.Campaign{Name: campaignPrefix + newName(now), Created: now, Input: o.File}}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	if c.Digest, err = c.read(h); err != nil {
		return nil, err
	}
	if err := c.open(ctx, h, newJournal, false); err != nil {
		return nil, err
	}
	if !o.DryRun && !o.New {
		if again, err := c.unfinished(ctx, h, now); err != nil || again != nil {
			return again, err
		}
	}
	usual := cmp.Or(o.ReportDir, "offboard-"+c.Name)
	if o.ReportDir == "" && journal.ServiceState(h.Getenv) != "" {
		usual = filepath.Join(journal.ServiceState(h.Getenv), "reports", usual)
	}
	if c.Dir, err = h.reportDir(usual, batch.Plan{Run: c.Name, Created: now}); err != nil {
		return nil, err
	}
	if o.DryRun {
		return c, nil
	}
	for i := range c.Members {
		if m := &c.Members[i]; o.New && !m.Skip { // also when they begin in a later session
			m.Flags = append(m.Flags, batch.Flag{Name: "new", Value: "true"})
		}
	}
	text, err := json.Marshal(c.Members)
	if err != nil {
		return nil, err
	}
	c.Campaign.Members = string(text)
	if err := c.lock(); err != nil {
		return nil, err
	}
	return c, c.shared.store.AddCampaign(ctx, c.Campaign)
}

// read reads the files of all members, each of them once, and gives the digest of all that the
// campaign is.
func (c *Campaign) read(h *Host) (string, error) {
	type file struct {
		of string
		*reading
	}
	var seen []file
	for i := range c.Members {
		m := &c.Members[i]
		for _, name := range m.Files {
			r, err := h.read(name)
			for _, s := range seen {
				if err == nil && s.of != m.Name && s.name != name && s.sameAs(r) {
					err = fmt.Errorf("the file %s is that of %s, or a copy of it (%s); a person must not be looked up in a tenant of others", name, s.of, s.name)
				}
			}
			if seen = append(seen, file{m.Name, r}); err != nil {
				return "", fmt.Errorf("%w: campaign file %s: line %d: %s: %s", ErrUsage, c.Input, m.Line, m.Name, strings.TrimPrefix(err.Error(), ErrUsage.Error()+": "))
			}
			m.SHA256 = append(m.SHA256, r.digest)
		}
	}
	text, err := json.Marshal(c.Members)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func (c *Campaign) open(ctx context.Context, h *Host, open opener, must bool) (err error) {
	if c.shared.store, err = h.openJournal(ctx, open, must); err == nil {
		c.undo = append(c.undo, c.shared.store.Close)
	}
	return err
}

func (c *Campaign) lock() error {
	unlock, err := c.shared.store.LockCampaign(c.Name)
	if err == nil {
		c.undo = append(c.undo, unlock)
	}
	return err
}

// unfinished is the newest campaign with the same digest, if it is not at its end.
func (c *Campaign) unfinished(ctx context.Context, h *Host, now time.Time) (*Campaign, error) {
	old, err := c.shared.store.CampaignsOf(ctx, c.Digest)
	if err != nil || len(old) == 0 || now.Sub(old[0].Created) > mostAge {
		return nil, err
	}
	runs, err := c.runsOf(ctx, old[0].Name)
	if err != nil || !slices.ContainsFunc(c.Members, func(m Member) bool {
		return !m.Skip && (runs[m.Name] == nil || runs[m.Name].State() != journal.Finished)
	}) {
		return nil, err
	}
	if err := json.Unmarshal([]byte(old[0].Members), &c.Members); err != nil {
		return nil, fmt.Errorf("%w: table campaigns: %w", journal.ErrDamaged, err)
	}
	c.Campaign, c.Resumed, c.again = old[0], true, true
	h.Say("resuming %s of %s on the same files: what is finished begins anew; --new starts all over", c.Name, c.Created.Local().Format(time.DateTime))
	return c, c.lock()
}

// ResumeCampaign finds a campaign to go on with, and locks it. A file of a member that has no run
// yet must be as it was. The caller closes the campaign.
func ResumeCampaign(ctx context.Context, h *Host, name string) (c *Campaign, err error) {
	if c, err = findCampaign(ctx, h, name, journal.Open); err != nil {
		return nil, err
	}
	c.Resumed = true
	if err := c.lock(); err != nil {
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
	if err := json.Unmarshal([]byte(c.Campaign.Members), &c.Members); err != nil {
		return nil, fmt.Errorf("%w: table campaigns: %w", journal.ErrDamaged, err)
	}
	return c, nil
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
	for _, undo := range slices.Backward(c.undo) {
		_ = undo() // what was written is durable by now
	}
}

// Unchanged reads the files of a member that is still to be planned, and refuses those that are
// not as they were when the campaign began: their lines may be others now.
func (c *Campaign) Unchanged(h *Host, m Member) error {
	for i, name := range m.Files {
		r, err := h.read(name)
		if err == nil && r.digest != m.SHA256[i] {
			err = fmt.Errorf("%w: the file %s is not as it was when %s began", ErrRefused, name, c.Name)
		}
		if err != nil {
			return &Advised{err, h.Typed(c.Anew(m.Name)...)}
		}
	}
	return nil
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

// runsOf are the newest runs of each member.
func (c *Campaign) runsOf(ctx context.Context, name string) (map[string]*journal.Run, error) {
	all, err := c.shared.store.Runs(ctx, journal.Filter{Campaign: name})
	runs := map[string]*journal.Run{}
	for _, r := range slices.Backward(all) {
		runs[r.Membership().Member] = r
	}
	return runs, err
}

// Ends are how the runs of the campaign stand, by member; a member without a run has none, nor one
// that begins anew: its file may name more people by now, such as those whose last day was yesterday.
func (c *Campaign) Ends(ctx context.Context, h *Host) (map[string]report.End, error) {
	runs, err := c.runsOf(ctx, c.Name)
	ends := map[string]report.End{}
	for name, r := range runs {
		if r.State() == journal.Planning && !c.Resumed { // may be planned right now
			continue
		}
		if c.again && r.State() == journal.Finished {
			continue
		}
		end, of := h.endOf(ctx, r)
		if errors.Is(of, journal.ErrNoRun) {
			continue
		}
		if err = errors.Join(err, of); err == nil && c.Resumed {
			end.Dir = c.DirOf(name)
		}
		ends[name] = end
	}
	return ends, err
}

// EndMember keeps how a member ended, also when the command is being stopped.
func (c *Campaign) EndMember(ctx context.Context, e journal.MemberEnd) error {
	return c.shared.store.EndMember(context.WithoutCancel(ctx), c.Name, e)
}

// MemberEnds are how the members ended last; one that was not worked on to an end has none.
func (c *Campaign) MemberEnds(ctx context.Context) (map[string]journal.MemberEnd, error) {
	return c.shared.store.MemberEnds(ctx, c.Name)
}

// DirOf is where the report of a member goes.
func (c *Campaign) DirOf(member string) string { return filepath.Join(c.Dir, member) }

// ShowCampaign finds a campaign to look at. The caller closes it.
func ShowCampaign(ctx context.Context, h *Host, name string) (*Campaign, error) {
	return findCampaign(ctx, h, name, journal.OpenToRead)
}
