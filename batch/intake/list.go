package intake

import (
	"strings"

	"offboard/batch"
)

// A list has no header: each line is an object id or a user principal name, and nothing
// else.

// WhyNobody says why a text is neither an object id nor a user principal name; "" when
// it is one.
func WhyNobody(text string) string {
	_, _, why := meaning(idOrUPN, trim(text))
	return why
}

// openList takes the input for a list if the cells of its first line are one id.
func (r *Reader) openList(cells []string) bool {
	o := r.opt
	r.list = WhyNobody(cells[0]) == "" && listLine(cells) &&
		o.Column == "" && o.Preset == "" && (o.Key == "" || o.Key == keyOf(idOrUPN, cells[0])) && o.dateGate == nil && len(o.Where) == 0 && len(o.Ignore) == 0
	return r.list
}

// listLine reports whether the cells may be a line of a list: one id alone, with a semicolon
// behind it in a list of recipients, and not a comment, nor a pattern of a protect list.
func listLine(cells []string) bool {
	return len(cells) == 0 || strings.Join(cells[1:], "") == "" && !strings.HasPrefix(trim(cells[0]), "#") && !strings.Contains(cells[0], "*")
}

// setList gives the lines of a list a header of their own.
func (r *Reader) setList() error {
	r.held = true
	r.setHeader(r.rec.Line, []string{"objectIdOrUpn"})
	s := batch.Setting{Name: "list of", Value: "object ids and user principal names", Why: "each line is one, and there is no header"}
	settings := append(r.settings, s)
	if r.opt.Named {
		s.Why = "--user"
		settings = []batch.Setting{s}
	}
	if bad := r.setColumns(); bad != nil {
		return bad
	}
	r.settings = settings
	return nil
}
