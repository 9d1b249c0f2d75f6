package job

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"

	"offboard/batch/durable"
	"offboard/batch/graph"
	"offboard/batch/trace"
)

// mostCAs is how long a file of CAs may be. Mozilla's list has 0.25 MB.
const mostCAs = 16 << 20

// Trust has every https connection from now on trust the CAs in a file beside those of this
// machine; "" is none.
func (h *Host) Trust(file string) error {
	if file == "" || file == h.caFile {
		return nil
	}
	cas, err := readCAs(file)
	if err != nil {
		return fmt.Errorf("%w: --ca-file %s: %w", ErrUsage, file, err)
	}
	h.cas, h.caFile = cas, file
	return nil
}

func readCAs(file string) (*x509.CertPool, error) {
	f, err := durable.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostCAs))
	if err != nil {
		return nil, err
	}
	return graph.ReadCAs(text)
}

// Wire is what https calls go through, with room for so many at once.
func (h *Host) Wire(calls int) http.RoundTripper { return graph.Transport(calls, h.cas) }

// network is the wire to Graph and to the sign-in service.
func (h *Host) network(calls int) http.RoundTripper {
	rt := h.Network
	if rt == nil {
		rt = h.Wire(calls)
	}
	if h.trace != nil {
		rt = h.trace.Through(rt)
	}
	return rt
}

// Debug writes each call to Graph and the sign-in service into a new file from now on; "" is
// none. End closes it.
func (h *Host) Debug(file string) (end func() error, err error) {
	if file == "" || file == h.traceFile {
		return func() error { return nil }, nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%w: --debug-http %s: the file exists; name another one", ErrUsage, file)
	case err != nil:
		return nil, fmt.Errorf("%w: --debug-http: %w", ErrUsage, err)
	}
	h.traceFile = file
	h.trace = trace.New(f, func(err error) { h.Warn("note     the trace breaks off (--debug-http): %v", err) }, graph.ParseEnvironment(h.Environ()).Secrets()...)
	h.Say("debug    each call is written to %s: without secrets, but with the names of users; delete it when it is not needed any more", file)
	return f.Close, nil
}
