package intake

import (
	"cmp"
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

// decide reads until the cells have said what the columns are that name the users by their
// headers. It gives the keys of those that are something else, by their indexes. same reports
// that there are none, and that the reader stands where it stood.
func (r *Reader) decide() (decided map[int]decision, same bool) {
	asked := map[int]*kinds{} // by the indexes of the columns
	for _, c := range r.naming {
		if (c.key == batch.ByID || c.key == batch.ByUPN) && r.opt.Column == "" && r.opt.Key == "" && r.opt.preset.Name == "" {
			asked[c.index] = &kinds{column: c}
		}
	}
	for open, first := len(asked), true; open > 0; first = false {
		if err := r.nextRecord(); err == io.EOF {
			break
		} else if err != nil { // which reading will meet again
			return nil, false
		}
		cells, why := r.fitted()
		for at, k := range asked {
			if why != "" || len(r.rec.Cells) == 0 || k.final {
				continue
			}
			if cell := trim(cells[at]); k.other || !isExample(cell) && (strings.Contains(cell, "@") || !r.besideRows(cell)) {
				if k.add(cell); k.final {
					open--
				}
			}
		}
		if r.held = first && open == 0; r.held { // as in nearly every file
			return nil, true
		}
	}
	decided = map[int]decision{}
	now := map[batch.Key]bool{}
	for at, k := range asked {
		if key := k.decide(); key != k.column.key {
			decided[at] = decision{key, k.what}
			now[key] = true
		}
	}
	if now[batch.ByID] && now[batch.ByUPN] { // two columns that changed places: perhaps others did, too
		maps.DeleteFunc(decided, func(_ int, d decision) bool { return d.key != "" })
	}
	return decided, len(asked) == 0
}

// kinds are those of the cells of a column that are not empty.
type kinds struct {
	column                  *column
	final                   bool // no more cells can change what the column is
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
		k.what = cmp.Or(k.what, shapeOf(cell))
	}
	k.decide()
}

// decide gives the key of the column, which is the one of its header until all cells are of
// the other kind. It is "" if no cell may name anybody, and other things have such a header,
// too.
func (k *kinds) decide() batch.Key {
	fits, others, other := k.id, k.upn, batch.ByUPN
	if k.column.key == batch.ByUPN {
		fits, others, other = k.upn, k.id, batch.ByID
	}
	switch shared := slices.Contains(sharedHeaders, k.column.normal); {
	case fits, k.unclear, k.other && (others || !shared):
		k.final = true
	case others:
		return other
	case k.other:
		return ""
	}
	return k.column.key
}
