package job

import (
	"fmt"
	"strings"

	"offboard/batch"
	"offboard/batch/graph"
)

// mayRead refuses, before anything is sent, to go on with a token that says that
// its bearer may not read users.
func (t *tenant) mayRead() error { return t.apps[0].may(graph.NeedRead) }

// mayList does so for what the steps list, and read back.
func (t *tenant) mayList(steps []batch.Step) error {
	for _, s := range steps {
		if n := graph.NeedList(s); n.Do != "" {
			if err := t.apps[0].may(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayWrite does so for every app that is to carry out the steps.
func (t *tenant) mayWrite(steps []batch.Step) error {
	for _, a := range t.apps {
		for _, s := range steps {
			if err := a.may(graph.NeedTo(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a app) may(n graph.Need) error {
	if !a.identity.Lacks(n) {
		return nil
	}
	allowing := a.identity.Allowing(n)
	needs := allowing[0]
	if others := allowing[1:]; len(others) > 0 {
		needs += ", or one of " + strings.Join(others, ", ")
	}
	return fmt.Errorf("%w; this command sent nothing: to %s, the token of %s needs the Graph permission %s; it has %s",
		batch.ErrPermission, n.Do, a.identity, needs, a.identity.Can)
}
