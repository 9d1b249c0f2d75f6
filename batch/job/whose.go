package job

import (
	"errors"
	"fmt"
	"strings"

	"offboard/batch"
	"offboard/batch/intake"
)

// Misread is an error in the files of all members, and not in that of the campaign.
type Misread struct {
	Files []string
	error
}

func (m *Misread) Error() string {
	return fmt.Sprintf("the file of all tenants, %s: %v", batch.SomeOf(m.Files, len(m.Files)), m.error)
}

func (m *Misread) Unwrap() error { return m.error }

// Whose reads the files of all members, and sees that each row names one member in the column, by its name
// or its tenant. It counts the rows of members that are skipped. Rows that name no member are a refusal:
// they may be people who were forgotten.
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
		return &Misread{files, err}
	}
	defer rows.Close()
	for row, err := range rows.Rows() {
		if _, bad := errors.AsType[*batch.RowError](err); err != nil && !bad {
			return &Misread{files, err}
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
