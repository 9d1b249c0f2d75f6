package job

import (
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/graph"
)

// may refuses, before anything is sent, to go on with a token that says what its bearer
// may do, and that this is not all of what the steps need: to read users, list what the
// steps are at and read it back, and to write, which every app must. What is missing is
// told at once.
func (t *tenant) may(steps []batch.Step, read, write bool) error {
	var missing []string
	for i, a := range t.apps {
		var needs []graph.Need
		if read && i == 0 {
			needs = append(needs, graph.NeedRead)
			for _, s := range steps {
				if n := graph.NeedList(s); !slices.ContainsFunc(needs, func(m graph.Need) bool { return m.Do == n.Do }) {
					needs = append(needs, n)
				}
			}
		}
		for _, s := range steps {
			if write {
				needs = append(needs, graph.NeedTo(s))
			}
		}
		if lacking := a.lacking(needs); lacking != "" {
			missing = append(missing, lacking)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w; this command sent nothing: %s", batch.ErrPermission, strings.Join(missing, "; "))
}

// toWrite are the steps whose permissions a plan takes: if licences come from groups,
// which only the plan can tell, users are taken out of them.
func toWrite(steps []batch.Step, n batch.Count) []batch.Step {
	for k := range n.Kinds {
		if k.Step == batch.Licences && k.Kind != batch.DirectLicences && k.Outcome == "" {
			return batch.InOrder(append(slices.Clone(steps), batch.Groups))
		}
	}
	return steps
}

// lacking says in words what a token lacks of all that is needed; "" when it lacks
// nothing, or does not say what it has.
func (a app) lacking(needs []graph.Need) string {
	var words []string
	for _, n := range needs {
		if !a.identity.Lacks(n) {
			continue
		}
		allowing := a.identity.Allowing(n)
		permission := allowing[0]
		if others := allowing[1:]; len(others) > 0 {
			permission += ", or one of " + strings.Join(others, ", ")
		}
		if len(words) == 0 {
			permission = fmt.Sprintf("the token of %s needs the Graph permission %s", a.identity, permission)
		}
		words = append(words, fmt.Sprintf("to %s, %s", n.Do, permission))
	}
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; it has %s", strings.Join(words, "; "), a.identity.Can)
}
