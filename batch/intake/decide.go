package intake

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// By its header a column may name the users, and its cells may say otherwise: the ID column of a
// numbered list, or "User ID" above user principal names. The cells of the whole file decide, and
// only if they agree. What a flag or a preset says of a column is not asked again.

// decide reads until the cells have said what the columns are that name the users by their
// headers. It gives those that are something else, by their indexes. same reports that there are
// none, and that the reader stands where it stood.
func (r *Reader) decide() (decided map[int]*kinds, same bool) {
	asked := map[int]*kinds{} // by the indexes of the columns
	for _, c := range r.naming {
		if (c.key == batch.ByID || c.key == batch.ByUPN) && r.opt.Column == "" && r.opt.Key == "" && r.opt.preset.Name == "" {
			asked[c.index] = &kinds{column: c, key: c.key, seen: map[batch.Key]bool{}}
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
			if cell := vocab.Trim(cells[at]); k.seen[""] || !vocab.IsExample(cell) && (strings.Contains(cell, "@") || !r.besideRows(cell)) {
				if k.add(cell); k.final {
					open--
				}
			}
		}
		if r.held = first && open == 0; r.held { // as in nearly every file
			return nil, true
		}
	}
	decided = map[int]*kinds{}
	now := map[batch.Key]bool{}
	for at, k := range asked {
		if k.key != k.column.key {
			decided[at], now[k.key] = k, true
		}
	}
	if now[batch.ByID] && now[batch.ByUPN] { // two columns that changed places: perhaps others did, too
		maps.DeleteFunc(decided, func(_ int, k *kinds) bool { return k.key != "" })
	}
	return decided, len(asked) == 0
}

// kinds are those of the cells of a column that are not empty.
type kinds struct {
	column *column
	seen   map[batch.Key]bool // the keys of the cells; "" of something else
	what   string             // the first of those is, if it is known; or ""
	key    batch.Key          // of the column, as far as the cells say; "" if it names nobody
	final  bool               // no more cells can change that
}

// add asks a cell. The column is what its header says until all cells are of the other key, or
// none may name anybody and other things have such a header, too.
func (k *kinds) add(cell string) {
	if cell == "" || vocab.SaysNothing(cell) {
		return
	}
	if k.seen[""] && k.what == "" && len(cell) < len("00000000000000000000000000000000") && !strings.ContainsAny(cell, "@%-") {
		return // most of the cells of a numbered list
	}
	key, _, why := meaning(vocab.IDOrUPN, cell)
	switch {
	case why == "":
	case len(mayName(vocab.IDOrUPN, cell)) > 0, strings.Contains(cell, "@"), strings.Count(cell, "-") == 4: // perhaps a GUID that lost something
		key = k.column.key
	default:
		key, k.what = "", cmp.Or(k.what, vocab.ShapeOf(cell))
	}
	k.seen[key] = true
	other := map[batch.Key]batch.Key{batch.ByID: batch.ByUPN, batch.ByUPN: batch.ByID}[k.column.key]
	switch shared := slices.Contains(vocab.SharedHeaders, k.column.normal); {
	case k.seen[k.column.key], k.seen[""] && (k.seen[other] || !shared):
		k.key, k.final = k.column.key, true
	case k.seen[other]:
		k.key = other
	default:
		k.key = ""
	}
}
