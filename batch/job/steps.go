package job

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// presets are names for several steps.
var presets = map[string][]batch.Step{"emergency": batch.Emergency, "leaver": batch.Leaver}

// typedSteps are the steps that people may ask for.
var typedSteps = append(slices.Clone(batch.Leaver), batch.Invalidate)

// Wrong is what can be told of the flags of a run without its input and a sign-in.
func (r *RunOptions) Wrong(h *Host, simulated bool) error {
	steps, err := r.steps()
	if err == nil {
		err = r.checkSLA(steps)
	}
	j := h.newJob(&r.Connection, &Execution{})
	defer j.close()
	var unread error
	if r.SignIn != "" && !simulated {
		_, unread = j.environment()
	}
	return errors.Join(err, j.pace(), unread)
}

// steps reads --steps.
func (g *Planning) steps() ([]batch.Step, error) {
	var steps []batch.Step
	for _, word := range g.Steps {
		word = strings.ToLower(strings.TrimSpace(word))
		switch preset := presets[word]; {
		case preset != nil:
			steps = append(steps, preset...)
		case slices.Contains(typedSteps, batch.Step(word)):
			steps = append(steps, batch.Step(word))
		default:
			return nil, fmt.Errorf("%w: --steps: there is no step %q; there are disable, password, revoke (or invalidate), devices, groups and licences, and emergency and leaver for several of them", ErrUsage, word)
		}
	}
	steps = batch.InOrder(steps)
	switch {
	case len(steps) == 0:
		return nil, fmt.Errorf("%w: --steps names no step", ErrUsage)
	case slices.Contains(steps, batch.Revoke) && slices.Contains(steps, batch.Invalidate):
		return nil, fmt.Errorf("%w: --steps: invalidate stands in the place of revoke; name one of them", ErrUsage)
	case g.NoResolve && len(slices.DeleteFunc(slices.Clone(steps), func(s batch.Step) bool { return s == batch.Revoke || s == batch.Invalidate })) > 0:
		return nil, fmt.Errorf("%w: --no-resolve goes with the steps revoke and invalidate alone: all others need to know the user", ErrUsage)
	}
	return steps, nil
}

// phrase says in words what the steps do: "disable accounts, revoke sessions".
func phrase(steps []batch.Step) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = s.Words()
	}
	return strings.Join(words, ", ")
}

// ask is the question before the first write. It names the tenant: the lines above it may
// have left the screen.
func ask(p batch.Plan) string {
	users := batch.Plural(p.Users, "user") + " of " + cmp.Or(p.Terms.TenantName, "tenant "+cmp.Or(p.Tenant, "unknown"))
	writes := batch.Plural(p.Writes, "write")
	switch {
	case p.Undoes != "":
		return fmt.Sprintf("Take back what run %s did to %s, in %s (%s)?", p.Undoes, users, writes, phrase(p.Steps))
	case slices.Equal(p.Steps, []batch.Step{batch.Revoke}):
		return fmt.Sprintf("Revoke the sessions of %s?", users)
	}
	return fmt.Sprintf("%s of %s, in %s?", strings.ToUpper(phrase(p.Steps)[:1])+phrase(p.Steps)[1:], users, writes)
}
