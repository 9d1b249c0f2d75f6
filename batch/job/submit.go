package job

import (
	"context"
	"errors"
)

// SubmitOptions say what a worker is to plan. How it signs in and carries the run out is the
// worker's.
type SubmitOptions struct {
	Planning
	Tenant    string `help:"The tenant that the worker's sign-in must lead to: its id, or one of its domains." required:"" placeholder:"ID|DOMAIN"`
	Approvals int    `help:"How many different people must approve the plan before anything is written." default:"0" placeholder:"N"`
	Unasked
}

// Submission is a run that a worker is to plan. The run will have its name.
type Submission struct {
	Name   string
	Tenant string // as it was named
	Rows   int    // of the input
}

// Submit reads and checks the files as [Run] does before it signs in, and keeps their bytes and
// the options in the journal, for a worker that has neither. It needs no sign-in, and keeps no
// secret. Host.Member makes it one of a campaign.
func Submit(ctx context.Context, h *Host, o *SubmitOptions) (Submission, error) {
	return Submission{}, errors.ErrUnsupported
}

// WorkOptions are how a worker signs in to plan.
type WorkOptions struct {
	Connection
	Execution
}

// Planned is what came of a submission.
type Planned struct {
	Run       string
	Users     int
	Writes    int
	App       string // client id of the app registration that planned
	Tenant    string // object id
	Approvals int    // of different people, that the submission asks for
	Refused   bool   // a guard refused; nothing will be written. [Planned] comes with the error that says why
}

// PlanSubmitted plans a submission as [Run] does, up to the sealed plan, which [Slice] carries out.
// It may be repeated: half a plan of a process that died is discarded, and a plan that is sealed, or
// was refused, is found. A refusal by the guards is [ErrRefused] with Refused set, and final; after
// any other error the submission is still there.
func PlanSubmitted(ctx context.Context, h *Host, name string, o *WorkOptions) (Planned, error) {
	return Planned{}, errors.ErrUnsupported
}
