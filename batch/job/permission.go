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

// mayRevoke does the same for every app that is to revoke.
func (t *tenant) mayRevoke() error {
	for _, a := range t.apps {
		if err := a.may(graph.NeedRevoke); err != nil {
			return err
		}
	}
	return nil
}

func (a app) may(n graph.Need) error {
	if !a.identity.Lacks(n) {
		return nil
	}
	return fmt.Errorf("%w; this command sent nothing: to %s, the token of %s needs the Graph permission %s, or one of %s; it has %s",
		batch.ErrPermission, n.Do, a.identity, n.Permissions[0], strings.Join(n.Permissions[1:], ", "), a.identity.Can)
}
