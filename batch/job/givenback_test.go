package job

import (
	"errors"
	"strings"
	"testing"
)

// A user to whom an undo gave something back may still stand in the file of the next night.
// The plan is refused until a person says what is meant; once the user was contained again,
// nobody is asked any more.
func TestGivenBackIsNotContainedUnasked(t *testing.T) {
	inOffice(t, 5, func(o *office) {
		o.finishes(o.run("disable"))
		if err := o.undo(part("", o.people[1], o.people[2])); err != nil {
			t.Fatal(err)
		}
		before := o.truth()
		err := o.run("disable")
		undo := o.runs()[1]
		for _, want := range []string{"2 users of the plan got something back", o.people[1] + " (by undo " + undo, o.people[2], "--include-undone"} {
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
				t.Errorf("the error is %v, want %q in it", err, want)
			}
		}
		if lifts, when := Lifts(err); !strings.Contains(when, "FILE") || len(lifts) != 1 || lifts[0] != liftProtect {
			t.Errorf("it is lifted by %q %s", lifts, when)
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("a refused run changed %q", diff)
		}
		o.again = true
		o.finishes(o.run("disable"))
		o.again = false
		if n := about(before.Diff(o.truth()), "accountEnabled"); n != 2 {
			t.Errorf("%d accounts were disabled, want 2", n)
		}
		o.finishes(o.run("disable"))
	})
}
