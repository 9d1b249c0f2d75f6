package intake

import (
	"slices"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// A row that lets somebody go has to name that person exactly. A row that keeps somebody is read
// the other way: it keeps everybody whom it may mean, so that a badly written name does not hide
// that the rows contradict each other.

// whomMeant gives everybody whom the cells of a row may mean, by the columns of the key and those
// of ids and user principal names. Only if these name nobody, the columns of other properties
// count, which several people may share. said reports whether the row says whom it means: it does
// not if all these cells are empty or words for nothing. A cell below one of sharedHeaders beside
// those that name the users says so only if it names somebody.
func (r *Reader) whomMeant(cells []string) (named []batch.Claim, said bool) {
	var beside []batch.Claim
	for i, c := range r.columns {
		text := cells[i]
		if c.key == "" || text == "" || vocab.SaysNothing(text) {
			continue
		}
		found := mayName(c.key, text)
		said = said || len(found) > 0 || c.names || !slices.Contains(vocab.SharedHeaders, c.normal)
		if c.names || !c.key.Searched() {
			named = append(named, found...)
		} else {
			beside = append(beside, found...)
		}
	}
	if len(named) == 0 {
		named = beside
	}
	return named, said
}

// shiftedKeeps gives everybody whom the cells of a record may mean when they may not stand in
// their columns. Without a gate that finds who stays, the record keeps nobody.
func (r *Reader) shiftedKeeps(all []string) []batch.Claim {
	if r.date == nil && !slices.ContainsFunc(r.where, func(c *condition) bool { return c.gone }) {
		return nil
	}
	key := r.naming[0].key
	var named []batch.Claim
	for _, cell := range all {
		if cell == "" {
			continue
		}
		named = append(named, mayName(vocab.IDOrUPN, cell)...)
		if key.Searched() && (key != batch.ByEmployeeID || idLike(cell)) {
			named = append(named, mayName(key, cell)...)
		}
	}
	return named
}

// mayName gives everybody whom a cell, which is not empty, may mean in a column of the key.
func mayName(column batch.Key, text string) []batch.Claim {
	if key := keyOf(column, text); checkCell(key, text) == "" && text[0] != '\'' {
		return []batch.Claim{{Key: key, Value: text}}
	}
	address := batch.ByUPN
	if column == batch.ByMail || column == batch.ByOnPremisesUPN {
		address = column
	}
	var all []batch.Claim
	for _, word := range vocab.LooseNames(text) {
		if id := vocab.LooseID(word); id != "" {
			all = append(all, batch.Claim{Key: batch.ByID, Value: id})
		}
		if checkCell(batch.ByUPN, word) == "" {
			all = append(all, batch.Claim{Key: address, Value: word})
		}
		if column == batch.ByEmployeeID && checkCell(column, word) == "" {
			all = append(all, batch.Claim{Key: batch.ByEmployeeID, Value: word})
		}
	}
	if key, inner, why := meaning(column, text); why == "" && !slices.ContainsFunc(all, func(c batch.Claim) bool { return c.Key == key && batch.SameValue(key, c.Value, inner) }) {
		all = append(all, batch.Claim{Key: key, Value: inner})
	}
	return all
}
