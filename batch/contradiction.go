package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// LinesByName are users by everything that rows name them by, each with the line of the
// first such row, of one file after the other. Planner.Stay has those whom rows keep, and Planner.gone those of them
// whom other rows let go. Two such rows contradict each other, and no rule can say which
// of them is right.
//
// A hash of 12 bytes stands for each name: in a file of a million people, of whom a few
// leave, nearly all are kept.
type LinesByName []linesOfFile

type linesOfFile struct {
	file  string
	lines map[hash]int32 // negative when the row has no cells to write again
}

// Add notes the line of a row for the users whom the claims name.
func (k *LinesByName) Add(named []Claim, row Row) {
	line := int32(row.Line)
	if row.Cells == nil {
		line = -line
	}
	for _, c := range named {
		at := slices.IndexFunc(*k, func(f linesOfFile) bool { return f.file == row.File })
		if at < 0 {
			at = len(*k)
			*k = append(*k, linesOfFile{row.File, map[hash]int32{}})
		}
		if lines, h := (*k)[at].lines, hashOf(c.Key, c.Value); lines[h] == 0 || lines[h] < 0 && line > 0 {
			lines[h] = line
		}
	}
}

// place gives the place of a row noted for a user whom one of the claims names, or none, and
// whether that row has cells.
func (k LinesByName) place(named []Claim) (at Place, cells bool) {
	for _, c := range named {
		h := hashOf(c.Key, c.Value)
		for _, f := range k {
			switch l := int(f.lines[h]); {
			case l > 0:
				return Place{f.file, l}, true
			case l < 0 && at == Place{}:
				at = Place{f.file, -l}
			}
		}
	}
	return at, false
}

// keep plans the rows of Stay at the end, when it is known whom other rows let go:
// a row that keeps such a user contradicts the other row.
func (p *Planner) keep(ctx context.Context) error {
	if len(p.Stay) == 0 {
		return nil
	}
	for _, err := range p.Rows {
		if err := p.ended(ctx); err != nil {
			return err
		}
		bad, isBad := errors.AsType[*RowError](err)
		switch {
		case err != nil && !isBad:
			return err
		case !isBad || bad.Keeps == nil:
			continue
		}
		p.planEnded(bad.Row, User{Seq: bad.Row.Seq}, p.gone.Kept(bad))
		if err := p.flush(ctx, false); err != nil {
			return err
		}
		p.tell(time.Now())
	}
	return p.flush(ctx, true)
}

// contradiction is the outcome of two rows, one of which lets a user go while the
// other keeps the user. Both rows end so, and retry.csv has both or neither.
func contradiction(goes, stays Place) Record {
	return Record{Outcome: Ambiguous, Reason: fmt.Sprintf("%s lets this user go, and %s keeps the user; correct the one that is wrong", goes, stays)}
}

// Kept is how a row ends that is not sent: as [RowError] says, or, if it keeps a user whom one of
// these rows lets go, as a contradiction.
func (k LinesByName) Kept(bad *RowError) Record {
	rec := Record{Outcome: cmp.Or(bad.Outcome, Invalid), Reason: bad.Reason}
	if goes, _ := k.place(bad.Keeps); goes != (Place{}) {
		rec = contradiction(goes, bad.Row.Place())
		rec.Reason += " (" + bad.Reason + ")"
	}
	return rec
}

// Contradiction says why a row that lets a user go contradicts one that keeps the user, as
// far as both name the user alike: only the directory knows all names. It is "" if none does.
func (k LinesByName) Contradiction(row Row) string {
	if stays, _ := k.place(row.Names()); stays.Line != 0 {
		return contradiction(row.Place(), stays).Reason
	}
	return ""
}

// Again reports whether an earlier row named its user as this one does, and notes this one.
func (k *LinesByName) Again(row Row) bool {
	named := row.names()
	if first, _ := k.place(named); first.Line != 0 {
		return true
	}
	k.Add(named, row)
	return false
}

// Names are all that the row says of its user.
func (r Row) Names() []Claim { return append(r.names(), r.Claims...) }

// names are what the row names its user by.
func (r Row) names() (all []Claim) {
	for _, c := range []Claim{{Key: ByID, Value: r.ID}, {Key: ByUPN, Value: r.UPN}, {Key: r.By, Value: r.Value}} {
		if c.Value != "" {
			all = append(all, c)
		}
	}
	return all
}
