package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
)

// reportDir is where a run's report goes: what --report-dir names, with {run} and
// {date} filled in.
func reportDir(flag string, p batch.Plan) (string, error) {
	fill := strings.NewReplacer("{run}", p.Run, "{date}", p.Created.Local().Format(time.DateOnly))
	dir, err := filepath.Abs(fill.Replace(cmp.Or(flag, "offboard-{run}")))
	if err != nil {
		return "", fmt.Errorf("find report directory: %w", err)
	}
	return dir, nil
}

// claimReportDir makes the run's report directory, and makes sure that files can
// be made in it: finding out at the end would be after everyone was revoked. tidy
// takes the directory away again if it stays empty.
func (e execution) claimReportDir(p batch.Plan) (tidy func(), err error) {
	dir, err := reportDir(e.ReportDir, p)
	if err != nil {
		return nil, err
	}
	_, missing := os.Stat(dir)
	err = os.MkdirAll(dir, 0o700)
	if err == nil {
		err = durable.Probe(dir)
	}
	if err != nil {
		return nil, refused("this command sent nothing", []batch.Finding{{Name: "--report-dir", Refusal: fmt.Sprintf("the report could not be written: %v; name another directory with --report-dir", err)}})
	}
	return func() {
		if missing != nil {
			_ = os.Remove(dir) // it stays when there is something in it
		}
	}, nil
}
