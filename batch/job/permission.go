package job

import (
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/graph"
)

// errand is what a command is about to do in a tenant, as far as it takes permissions.
type errand struct {
	look   bool         // users are looked up
	list   []batch.Step // steps for which the things of users are listed
	verify bool         // what is sent is read back
	batch.ToDo
}

// all is the errand of a plan in the making, which may send every step to somebody.
func all(p batch.Plan) errand {
	return errand{look: p.Resolve, list: p.Steps, verify: p.Verify, ToDo: batch.ToDo{Sent: p.Steps}}
}

// looking is that of making a plan that others may carry out.
func looking(p batch.Plan) errand { return errand{look: p.Resolve, list: p.Steps} }

// reads and writes are the needs of an errand: of the app that reads, and of every app.
func (e errand) reads() (needs []graph.Need) {
	add := func(n graph.Need) {
		if !slices.ContainsFunc(needs, func(m graph.Need) bool { return m.Do == n.Do }) {
			needs = append(needs, n)
		}
	}
	if e.look {
		add(graph.NeedRead)
	}
	for _, s := range batch.Listed(e.list) {
		add(graph.NeedList(s))
	}
	for _, s := range e.Read(e.verify) {
		add(graph.NeedShow(s))
	}
	return needs
}

func (e errand) writes() (needs []graph.Need) {
	for _, s := range e.Sent {
		needs = append(needs, graph.NeedTo(s))
	}
	return needs
}

// may refuses, before anything is sent, to go on with a token that says what its bearer
// may do, and that this is not all of what the errand needs. What is missing is told at
// once.
func (t *tenant) may(e errand) error {
	var missing []string
	for i, a := range t.apps {
		needs := e.writes()
		if i == 0 {
			needs = append(e.reads(), needs...)
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
			kind := "Graph permission"
			if a.identity.User != "" {
				kind = "delegated Graph permission"
			}
			permission = fmt.Sprintf("the token of %s needs the %s %s", a.identity, kind, permission)
		}
		words = append(words, fmt.Sprintf("to %s, %s", n.Do, permission))
	}
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("%s; it has %s", strings.Join(words, "; "), a.identity.Can)
}
