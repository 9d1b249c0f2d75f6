package intake

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
)

// By its header a column may name the users, and its cells may say otherwise: the ID column of
// a numbered list, or "User ID" above user principal names. The cells of the whole file decide,
// and only if they agree. What a flag or a preset says of a column is not asked again.

// decision is what the cells of a column are: of the key, or if that is "" something else.
type decision struct {
	key  batch.Key
	what string // of kinds
}

// aheadRow is what reading gave before anybody asked for it.
type aheadRow struct {
	skips []batch.Skip // before the row
	row   batch.Row
	err   error
}

// mostAhead is how many rows are kept that were read to decide.
const mostAhead = 1000

// decide reads until the cells have said what the columns are that name the users by their
// headers. It gives the keys of those that are something else, by their indexes. same reports
// that there are none, and that no row is lost by having read.
func (r *Reader) decide() (decided map[int]decision, same bool) {
	asked := map[int]*kinds{} // by their places
	for i, c := range r.columns {
		if c.names && (c.key == batch.ByID || c.key == batch.ByUPN) && r.opt.Column == "" && r.opt.Key == "" && r.opt.preset.Name == "" {
			asked[i] = &kinds{}
		}
	}
	var ahead []aheadRow
	var skips []batch.Skip
	skip := r.opt.Skip
	r.opt.Skip = func(s batch.Skip) { skips = append(skips, s) }
	ask := func(i int, cell string) {
		k, c := asked[i], r.columns[i]
		k.add(cell)
		if _, final := k.decide(c); final {
			delete(asked, i)
		}
	}
	var err error
	for same = true; len(asked) > 0 && same && err == nil; r.rows++ {
		var row batch.Row
		skips = nil
		row, err = r.next()
		ahead = append(ahead, aheadRow{skips, row, err})
		same = len(ahead) < mostAhead
		if _, bad := errors.AsType[*batch.RowError](err); bad {
			err = nil
		}
		for i := range asked {
			if err == nil && row.Cells != nil {
				ask(i, row.Cells[i])
			}
		}
	}
	for len(asked) > 0 && err == nil { // the rest need not become rows
		if err = r.nextRecord(); err != nil || len(r.rec.Cells) == 0 {
			continue
		}
		cells, why := r.fitted()
		for i, k := range asked {
			if why != "" {
				break
			}
			if cell := trim(cells[r.columns[i].index]); k.other || cell == "" || strings.Contains(cell, "@") || !r.besideRows(cell) {
				ask(i, cell)
			}
		}
	}
	if err != nil && err != io.EOF {
		asked = nil
	}
	r.rows, r.ahead, r.opt.Skip = 0, ahead, skip
	decided = map[int]decision{}
	now := map[batch.Key]bool{}
	for i, k := range asked {
		if key, _ := k.decide(r.columns[i]); key != r.columns[i].key {
			decided[r.columns[i].index] = decision{key, k.what}
			now[key] = true
		}
	}
	if now[batch.ByID] && now[batch.ByUPN] { // two columns that changed places: perhaps others did, too
		maps.DeleteFunc(decided, func(_ int, d decision) bool { return d.key != "" })
	}
	return decided, same && len(decided) == 0
}

// kinds are those of the cells of a column that are not empty.
type kinds struct {
	id, upn, unclear, other bool
	what                    string // the first of the others is, if it is known; or ""
}

func (k *kinds) add(cell string) {
	if cell == "" || saysNothing(cell) {
		return
	}
	if k.other && k.what == "" && len(cell) < len("00000000000000000000000000000000") && !strings.ContainsAny(cell, "@%-") {
		return // most of the cells of a numbered list
	}
	switch key, _, why := meaning(idOrUPN, cell); {
	case why == "" && key == batch.ByID:
		k.id = true
	case why == "":
		k.upn = true
	case len(mayName(idOrUPN, cell)) > 0, strings.Contains(cell, "@"), strings.Count(cell, "-") == 4: // perhaps a GUID that lost something
		k.unclear = true
	default:
		k.other = true
		k.what = cmp.Or(k.what, notAName(batch.ByUPN, cell))
	}
}

// decide gives the key of a column, which is the one of its header until all cells are of the
// other kind. It is "" if no cell may name anybody, and other things have such a header, too.
// final reports that no more cells can change that.
func (k kinds) decide(c column) (key batch.Key, final bool) {
	fits, others, other := k.id, k.upn, batch.ByUPN
	if c.key == batch.ByUPN {
		fits, others, other = k.upn, k.id, batch.ByID
	}
	switch shared := slices.Contains(sharedHeaders, normalise(c.name)); {
	case fits, k.unclear, k.other && (others || !shared):
		return c.key, true
	case others:
		return other, false
	case k.other:
		return "", false
	}
	return c.key, false
}
