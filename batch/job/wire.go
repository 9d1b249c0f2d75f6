package job

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/http"

	"offboard/batch/durable"
	"offboard/batch/graph"
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
	if h.Network != nil {
		return h.Network
	}
	return h.Wire(calls)
}
