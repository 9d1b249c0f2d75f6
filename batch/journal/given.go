package journal

import (
	"encoding/json"
	"fmt"
	"strconv"

	"offboard/batch"
)

// Most rows say one thing in several places: the cell is the name, and the
// directory has the same. What is said already is stored as a mark, which halves
// the journal of a million users.

// same stands for an object id that is the row's own, or the input's in lower
// case; and for a user principal name that is the row's own. It is no name.
const same = "="

// packNames packs what names the user of a row. A user principal name that is the
// input's is NULL.
func packNames(r *batch.Row, u *batch.User) (givenID, givenUPN, id, upn any, err error) {
	for _, name := range []string{r.ID, r.UPN, u.ID, u.UPN} {
		if name == same {
			return nil, nil, nil, nil, fmt.Errorf("%w: %q is no name", ErrPlan, name)
		}
	}
	givenID, givenUPN, id, upn = r.ID, unless(r.UPN, r.Input), u.ID, unless(u.UPN, r.Input)
	if r.ID != "" && r.ID == batch.LowerASCII(r.Input) {
		givenID = same
	}
	if u.ID != "" && u.ID == r.ID {
		id = same
	}
	if upn != nil && u.UPN != "" && u.UPN == r.UPN {
		upn = same
	}
	return givenID, givenUPN, id, upn, nil
}

// unpack is a name as it was before it was packed.
func unpack(v any, marked, null string) string {
	switch v := v.(type) {
	case nil:
		return null
	case string:
		if v == same {
			return marked
		}
		return v
	}
	return ""
}

// packCells writes the cells as JSON, and for one that is the row's input, name
// or id its place in repeated; NULL when the input is the only one.
func packCells(r *batch.Row) (any, error) {
	if len(r.Cells) == 1 && r.Cells[0] == r.Input {
		return nil, nil
	}
	if len(r.Cells) == 0 {
		return "[]", nil
	}
	list := make([]any, len(r.Cells))
	for i, cell := range r.Cells {
		list[i] = cell
		for place, known := range repeated(r) {
			if cell == known {
				list[i] = place
				break
			}
		}
	}
	b, err := json.Marshal(list)
	return string(b), err
}

// repeated is what cells mostly hold.
func repeated(r *batch.Row) [3]string { return [3]string{r.Input, r.UPN, r.ID} }

// unpackCells reads what packCells wrote; r has its names already.
func unpackCells(v any, r *batch.Row) ([]string, error) {
	text, ok := v.(string)
	switch {
	case !ok:
		return []string{r.Input}, nil
	case text == "[]":
		return nil, nil
	}
	known := repeated(r)
	cells := make([]string, 0, len(text)/2)
	for i := 1; i < len(text); i += 2 { // "[0,1]" is as good as all there is, and JSON takes its time
		place := int(text[i]) - '0'
		if place < 0 || place >= len(known) || i+1 == len(text) || text[i+1] != ',' && text[i+1] != ']' {
			return listedCells(text, known[:])
		}
		cells = append(cells, known[place])
	}
	return cells, nil
}

// listedCells reads cells of which some are texts.
func listedCells(text string, known []string) ([]string, error) {
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read cells: %w", err)
	}
	cells := make([]string, len(list))
	for i, v := range list {
		if place, err := strconv.Atoi(string(v)); err == nil && 0 <= place && place < len(known) {
			cells[i] = known[place]
			continue
		}
		if err := json.Unmarshal(v, &cells[i]); err != nil {
			return nil, fmt.Errorf("read cell %d: %w", i+1, err)
		}
	}
	return cells, nil
}
