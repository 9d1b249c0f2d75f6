package graphsim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// readBody reads the body to its end and undoes gzip. A body that is labelled
// gzip and is not, is refused: an SDK that retries a compressed request sends
// just that. An error means that the connection broke.
func readBody(r *http.Request) (body []byte, bad *failure, err error) {
	if r.Body == nil {
		return nil, nil, nil
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read request: %w", err)
	case len(body) > maxBody:
		return nil, &failure{413, "RequestEntityTooLarge", "The request is too large."}, nil
	}
	switch encoding := strings.ToLower(r.Header.Get("Content-Encoding")); encoding {
	case "", "identity":
		return body, nil, nil
	case "gzip":
		body, err = gunzip(body)
		if err != nil {
			return nil, badBatch("Unable to read JSON request payload."), nil
		}
		return body, nil, nil
	}
	return nil, &failure{415, "UnsupportedMediaType", "The content encoding is not supported."}, nil
}

func gunzip(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("open gzip: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errors.New("it unpacks to more than the limit")
	}
	if err != nil {
		return nil, fmt.Errorf("read gzip: %w", err)
	}
	return body, nil
}
