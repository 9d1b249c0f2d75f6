package job

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/journal"
	"offboard/batch/signature"
)

// reportDir is where a run's report goes: what --report-dir names, with {run} and
// {date} filled in. Of a service of systemd it is beside the journal, unless one is named.
func (h *Host) reportDir(flag string, p batch.Plan) (string, error) {
	usual := "offboard-{run}"
	if dir := journal.ServiceState(h.Getenv); dir != "" && runtime.GOOS == "linux" {
		usual = filepath.Join(dir, "reports", usual)
	}
	fill := strings.NewReplacer("{run}", p.Run, "{date}", p.Created.Local().Format(time.DateOnly))
	dir, err := filepath.Abs(fill.Replace(cmp.Or(flag, usual)))
	if err != nil {
		return "", fmt.Errorf("find report directory: %w", err)
	}
	return dir, nil
}

// claimReport makes the run's report directory, and makes sure that files can be made
// in it and that the key of --sign-key can be used: finding out at the end would be
// after everyone was revoked. A directory that stays empty is taken away again.
func (j *job) claimReport() (err error) {
	if err := j.readySignKey(); err != nil {
		return err
	}
	dir, err := j.reportDir(j.ReportDir, j.plan)
	if err != nil {
		return err
	}
	_, missing := os.Stat(dir)
	err = os.MkdirAll(dir, 0o700)
	if err == nil {
		err = durable.Probe(dir)
	}
	if missing != nil {
		j.undo = append(j.undo, func() error { return os.Remove(dir) }) // it stays when there is something in it
	}
	if err != nil {
		return refused("this command sent nothing", batch.Finding{Name: "--report-dir", Refusal: fmt.Sprintf("the report could not be written: %v; name another directory with --report-dir", err)})
	}
	return nil
}

// readySignKey makes sure that the key of --sign-key can be used.
func (j *job) readySignKey() (err error) {
	if j.sign, err = j.openSignKey(j.SignKey); err == nil || errors.Is(err, batch.ErrStopped) {
		return err
	}
	return refused("this command sent nothing", batch.Finding{Name: "--sign-key", Refusal: err.Error()})
}

// signer makes the signature of a report out of the text of its report.sha256.
type signer func(manifest []byte) (signature []byte, err error)

// openSignKey makes the key ready, so that it is asked for its passphrase before
// anything else is done; nil without a file. A key that is ready stays so.
func (h *Host) openSignKey(file string) (signer, error) {
	if file == "" || file == h.signKey {
		return h.sign, nil
	}
	key, err := signature.OpenKey(file, h.Getenv("SSH_AUTH_SOCK"), h.Passphrase)
	if err != nil {
		return nil, fmt.Errorf("the report could not be signed (--sign-key): %w", err)
	}
	h.signKey = file
	return func(manifest []byte) ([]byte, error) {
		return signature.Sign(key, signature.ReportNamespace, bytes.NewReader(manifest))
	}, nil
}

// signFlag is --sign-key as it was given, if it was.
func (h *Host) signFlag() []string {
	if h.signKey == "" {
		return nil
	}
	return []string{"--sign-key", h.signKey}
}
