package job

import (
	"errors"
	"testing"

	"offboard/batch"
)

func TestRefuseAll(t *testing.T) {
	guard := refused("x", batch.Finding{Name: "--a", Refusal: "a is too much", Lift: "--a 3"}, batch.Finding{Name: "--b"})
	for _, c := range []struct {
		errs []error
		is   error
		says string
	}{
		{nil, nil, ""},
		{[]error{nil, nil}, nil, ""},
		{[]error{nil, batch.ErrSignIn}, batch.ErrSignIn, "sign-in failed"},
		{[]error{batch.ErrSignIn, ErrUsage}, ErrUsage, "refused; nothing was planned: sign-in failed; usage"},
		{[]error{guard, batch.ErrSignIn}, batch.ErrSignIn, "refused; nothing was planned: a is too much; sign-in failed"},
		{[]error{refused("y", guard, batch.ErrSignIn), guard}, batch.ErrSignIn, "refused; nothing was planned: a is too much; a is too much; sign-in failed"},
	} {
		err := refused(nothingPlanned, c.errs...)
		if !errors.Is(err, c.is) {
			t.Errorf("%v: %v is not %v", c.errs, err, c.is)
		}
		if c.is == batch.ErrSignIn && errors.Is(err, ErrRefused) {
			t.Errorf("%v: %v is a guard's refusal", c.errs, err)
		}
		if err == nil != (c.says == "") || err != nil && err.Error() != c.says {
			t.Errorf("%v is %v, want %s", c.errs, err, c.says)
		}
	}
	if refused("x", batch.Finding{Name: "--b"}) != nil || !errors.Is(guard, ErrRefused) {
		t.Error("a check that refuses nothing refuses, or one that does is no refusal")
	}
}
