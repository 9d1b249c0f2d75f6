package job

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
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
	Run    string       `json:"run,omitempty"`  // that workers plan of it; "" of a campaign that offboard carries out
	Digest string       `json:"digest"`         // SHA-256 of what the campaign's file says of it, but for Lists; hex
	Line   int          `json:"-"`              // in the campaign's file

	Added   []batch.Flag `json:"-"` // lists of protected users that the file has since
	Unread  bool         `json:"-"` // the campaign's file cannot be read
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
			m.Unread = true
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

// Held refuses a member that is not as it was, with its run; "" is none. SameWay adds flags to the words of a
// command that goes on.
func (c *Campaign) Held(h *Host, m Member, run string, sameWay func([]string) []string) error {
	if m.Changed == "" {
		return nil
	}
	undone, next := nothingWritten, h.Typed(sameWay(c.Anew(m.Name))...)
	switch {
	case run != "" && m.Unread:
		words := []string{"resume", run}
		for _, f := range m.Flags { // how its tenant is reached
			if slices.Contains([]string{"sign-in", "cloud", "graph-url"}, f.Name) {
				words = append(words, typedFlag(f)...)
			}
		}
		undone, next = nothingMore, h.Typed(sameWay(c.rehearsed(words))...)
	case run != "":
		undone, next = nothingMore, h.Typed(sameWay(append(c.Anew(m.Name), "--new"))...)
	case m.Unread:
		next = "put the file back, then: " + h.Typed(sameWay(c.GoOn())...)
	}
	return &Advised{fmt.Errorf("%w; %s: %s", ErrRefused, undone, m.Changed), next}
}

// Gather reads the files of all members, each of them once. An error names the line of the campaign's file.
func Gather(h *Host, members []Member) error {
	type file struct {
		of string
		*reading
	}
	var seen []file
	for i := range members {
		m := &members[i]
		for _, name := range m.Files {
			r, err := h.read(name)
			for _, s := range seen {
				if err == nil && s.of != m.Name && s.name != name && s.sameAs(r) {
					err = fmt.Errorf("the file %s is that of %s, or a copy of it (%s); a person must not be looked up in a tenant of others: give each its own, or one file for all with a tenant-column", name, s.of, s.name)
				}
			}
			if seen = append(seen, file{m.Name, r}); err != nil {
				return fmt.Errorf("line %d: %s: %s", m.Line, m.Name, strings.TrimPrefix(err.Error(), ErrUsage.Error()+": "))
			}
			m.SHA256 = append(m.SHA256, r.digest)
		}
	}
	return nil
}

// Apart refuses members that are one tenant by several of its names, before anything is done of any. Ids ask the
// sign-in service, so many at once, for the tenants of members that are not planned yet, and are given as found; of ""
// their planning tells.
func (c *Campaign) Apart(ids map[string]func() string, atOnce int, standing Standing) (map[string]string, error) {
	found := make([]string, len(c.Members))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, m := range c.Members {
		if ask := ids[m.Name]; ask != nil {
			group.Go(func() error {
				found[i] = ask()
				return nil
			})
		}
	}
	_ = group.Wait() // none of them fails
	of, by := map[string]string{}, map[string]string{}
	for name, end := range standing.Runs {
		of[end.Plan.Tenant] = name
	}
	for i, m := range c.Members {
		if found[i] == "" {
			continue
		}
		if other, has := of[found[i]]; has && other != m.Name {
			return nil, fmt.Errorf("%w; nothing of it was begun: %s and %s are one tenant, %s; take one of them out of the file", ErrRefused, m.Name, other, found[i])
		}
		of[found[i]], by[m.Name] = m.Name, found[i]
	}
	return by, nil
}

// MayBegin reads the files of a member that is still to be planned, and refuses those that are not as they
// were when the campaign began: their lines may be others now. It refuses a campaign that is older than
// most, as a plan: those whom the files name may have come back.
func (c *Campaign) MayBegin(h *Host, m Member, now time.Time, most time.Duration, sameWay func([]string) []string) error {
	if err := refused(nothingWritten, ageOf(c.Name+" began", c.Created, now, most, "begin it anew from files of today")); err != nil {
		return err
	}
	for i, name := range m.Files {
		r, err := h.read(name)
		if err == nil && r.digest != m.SHA256[i] {
			err = fmt.Errorf("%w: the file %s is not as it was when %s began", ErrRefused, name, c.Name)
		}
		if err != nil {
			return &Advised{err, h.Typed(sameWay(c.Anew(m.Name))...)}
		}
	}
	return nil
}
