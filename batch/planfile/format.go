package planfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"offboard/batch"
)

// This file is the format: what the lines of a plan hold, as encoding/json writes them.

const (
	format = "offboard-plan"
	// Version is that of the format. It goes up with every change of what is written. A
	// new field with a JSON name in batch.Plan, Terms, Row, User, Record or Skip is such
	// a change.
	Version = 1
)

// Head is what a plan file says before its rows.
type Head struct {
	Plan    batch.Plan   `json:"plan"`              // without Run: a run is named when it is carried out
	Options []batch.Flag `json:"options,omitempty"` // that chose the users, as they were given
	Guards  []Guard      `json:"guards,omitempty"`
}

// Guard is what one guard counted when the plan was made, in words.
type Guard struct {
	Name    string `json:"name"`
	Limit   string `json:"limit"`             // what it allows
	Counted string `json:"counted"`           // what the plan has
	Refusal string `json:"refusal,omitempty"` // why the plan must not be carried out; "" when it may
}

// Refusals are the reasons of all guards that refuse the plan.
func (h Head) Refusals() []string {
	var why []string
	for _, g := range h.Guards {
		if g.Refusal != "" {
			why = append(why, g.Refusal)
		}
	}
	return why
}

// headLine is the first line.
type headLine struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Head
}

// line is any other line: a row, a skipped line, or the end.
type line struct {
	Row         *batch.Row    `json:"row,omitempty"`
	User        *batch.User   `json:"user,omitempty"` // has the number of the row in any case
	DuplicateOf int           `json:"duplicate_of,omitempty"`
	Record      *batch.Record `json:"record,omitempty"`
	Work        *work         `json:"work,omitempty"` // where a step lists targets, or ended for the user

	Skip *batch.Skip `json:"skip,omitempty"`
	End  *end        `json:"end,omitempty"`
}

// work is what the steps are to do to a user, besides those that are done to every user.
type work struct {
	Targets []batch.Target `json:"targets,omitempty"`
	Records []batch.Record `json:"records,omitempty"` // of targets that ended at planning
}

// end is the last line. It counts the others, so that a file that was cut is seen.
type end struct {
	Rows  int `json:"rows"`
	Users int `json:"users"` // to be sent
	Skips int `json:"skips"`
}

// encode makes the bytes of a line, its end included.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // people read it
	err := e.Encode(v)
	return b.Bytes(), err
}

// decode reads the bytes of a line, its end included. A line that encoding/json
// would forgive and not write, such as one with a key twice, is refused: people and
// programs could read it differently.
func decode(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	again, err := encode(v)
	if err == nil && !bytes.Equal(again, b) {
		same := 0
		for same < min(len(again), len(b)) && again[same] == b[same] {
			same++
		}
		err = fmt.Errorf("from byte %d on it is not as offboard writes it: a key is unknown, stands there twice, in another place or in capitals, or blanks were added", same+1)
	}
	return err
}
