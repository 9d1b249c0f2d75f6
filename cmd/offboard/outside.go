package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"offboard/batch/durable"
	"offboard/batch/job"
	"offboard/batch/notify"
)

// notifyURL is the variable that holds the address of a webhook.
const notifyURL = "OFFBOARD_NOTIFY_URL"

// meanings are the exit codes in few words, for those who get a notice.
var meanings = map[exitCode]string{
	exitDone:    "everybody is done, or was left alone on purpose",
	exitError:   "the run could not go on",
	exitUsage:   "the command line or the input is wrong; nothing was written",
	exitPartial: "some users did not, or would not, end in success",
	exitRefused: "refused; nothing was written, or nothing more",
	exitSignIn:  "sign-in or permission",
	exitStopped: "stopped before the end; it can go on",
	exitLocked:  "somebody else works on it",
}

// toldOf are the options of a command that tells other programs of its end; nil of others.
func toldOf(options any) *job.Telling {
	switch o := options.(type) {
	case *job.RunOptions:
		return &o.Telling
	case *job.ApplyOptions:
		return &o.Telling
	case *job.ResumeOptions:
		return &o.Telling
	case *job.UndoOptions:
		return &o.Telling
	case *job.CampaignOptions:
		return &job.Telling{Notifying: o.Notifying}
	}
	return nil
}

// telling is how other programs are told of the end. What is wrong with it is an error
// before anything is done.
func (c *command) telling(ctx context.Context, options any) (func(exitCode), error) {
	t := toldOf(options)
	if t == nil {
		return nil, nil
	}
	if err := c.mayTell(t); err != nil {
		return nil, err
	}
	return func(code exitCode) { // a run that went on has set its own options since
		if t.MetricsFile != "" && !c.facts.numbers().dry {
			if err := c.measure(t.MetricsFile, code, time.Now()); err != nil {
				c.Warn("note     the metrics were not written (--metrics-file): %v", err)
			}
		}
		to, ok, err := c.webhook(t)
		if ok && err == nil {
			err = c.notify(ctx, to, code)
		}
		if err != nil {
			c.Warn("note     the notice was not delivered (%s): %v", source(t), err)
		}
	}, nil
}

// mayTell refuses what of the flags cannot be used at the end.
func (c *command) mayTell(t *job.Telling) error {
	if _, _, err := c.webhook(t); err != nil {
		return err
	}
	return mayMeasure(t.MetricsFile)
}

// source is where the address of the webhook stands.
func source(t *job.Telling) string {
	if t.NotifyFile != "" {
		return "--notify-file"
	}
	return notifyURL
}

// webhook is where notices go, if that is asked for.
func (c *command) webhook(t *job.Telling) (to notify.Address, ok bool, err error) {
	text := c.getenv(notifyURL)
	switch {
	case t.NotifyFile != "" && text != "":
		return to, false, fmt.Errorf("%w: --notify-file and %s are both given; give one of them", job.ErrUsage, notifyURL)
	case t.NotifyFile != "":
		if text, err = durable.ReadSecret(t.NotifyFile); err != nil {
			return to, false, fmt.Errorf("%w: --notify-file: %w", job.ErrUsage, err)
		}
	case text == "":
		return to, false, nil
	}
	if to, err = notify.Parse(text, notify.Format(t.NotifyFormat)); err != nil {
		return to, false, fmt.Errorf("%w: the address in %s cannot be used: %w", job.ErrUsage, strings.TrimSpace(source(t)+" "+t.NotifyFile), err)
	}
	return to, true, nil
}

// lastWords is how long a notice may take once the command was stopped at once.
const lastWords = 5 * time.Second

// notify tells the webhook, through the environment's proxy as all calls go.
func (c *command) notify(ctx context.Context, to notify.Address, code exitCode) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
	}
	n := c.facts.numbers()
	notice := notify.Notice{
		Event: "finished", Command: c.selected(), DryRun: n.dry, Exit: int(code), Meaning: meanings[code],
		Counts: n.counts, Success: n.success, Neutral: n.neutral, Failure: n.failure, Contained: n.contained, Tenants: n.tenants,
	}
	if run := c.facts.about().Run; run != "" {
		notice.Run = &run
	}
	switch {
	case code != exitDone:
	case n.counts == nil:
		notice.Meaning = "there was nothing to do"
	case n.contained != nil && n.contained.Users < n.contained.Of:
		notice.Meaning = "no row failed, but the directory does not show everybody contained"
	}
	return to.Post(ctx, c.host.Wire(1), notice)
}

// mayMeasure refuses a file of metrics that would not be read, or cannot be written.
func mayMeasure(name string) error {
	switch {
	case name == "":
		return nil
	case filepath.Ext(name) != ".prom":
		return fmt.Errorf("%w: --metrics-file %s: node_exporter reads files that end in .prom alone", job.ErrUsage, name)
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%w: --metrics-file %s is no regular file, which it would take the place of; name another", job.ErrUsage, name)
	}
	if err := durable.Probe(filepath.Dir(name)); err != nil {
		return fmt.Errorf("%w: --metrics-file %s cannot be written: %w", job.ErrUsage, name, err)
	}
	return nil
}
