package job

import (
	"errors"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// A run goes on under another user or app when that is said, and it is kept.
func TestResumeByAnother(t *testing.T) {
	inVirtualTime(t, graphsim.Config{NoQuota: true}, 40, nil, func(w *whole, err error) {
		if err != nil {
			t.Error(err)
		}
		plan := w.job.run.Plan()
		plan.App = "the app that planned"
		if err := w.job.sameCaller(plan); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "--as-caller") {
			t.Errorf("without a word: %v", err)
		}
		plan = w.job.run.Plan()
		plan.Terms = batch.Terms{User: "ada"}
		if err := w.job.sameCaller(plan); !errors.Is(err, ErrRefused) {
			t.Errorf("a user's plan: %v", err)
		}
		w.job.AsCaller = true
		if err := w.job.sameCaller(plan); err != nil || !strings.Contains(w.job.caller, "the plan was made by user ada") {
			t.Errorf("as said: %v, kept %q", err, w.job.caller)
		}
	})
}
