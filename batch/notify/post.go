package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// How often it is tried, and how long all of it and one try may take.
const (
	mostTries   = 3
	longest     = 30 * time.Second
	longestTry  = 9 * time.Second
	firstWait   = time.Second
	longestWait = 10 * time.Second
)

// Post sends a notice, with three tries in half a minute at the most. Redirects are
// followed only on the same host, with the notice. Its errors have no part of the address.
func (a Address) Post(ctx context.Context, rt http.RoundTripper, n Notice) error {
	body, err := n.body(a.format)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	client := &http.Client{Transport: rt, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if first := via[0]; r.Method != first.Method || r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme || len(via) > mostTries {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	wait := firstWait
	for try := 1; ; try++ {
		again, after, err := a.try(ctx, client, body)
		if err == nil || !again || try == mostTries {
			return err
		}
		timer := time.NewTimer(min(max(wait, after), longestWait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return err
		case <-timer.C:
			wait *= 3
		}
	}
}

// try sends the body once. Again says that another try may bring more, and after when.
func (a Address) try(ctx context.Context, client *http.Client, body []byte) (again bool, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, longestTry)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.at.String(), bytes.NewReader(body))
	if err != nil {
		return false, 0, errors.New("the address cannot be called") // err would quote it
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		if ctx.Err() != nil {
			return true, 0, errors.New("no answer in time")
		}
		return true, 0, errors.New(a.without(err))
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves another try
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		return false, 0, nil
	case s >= 300 && s < 400:
		return false, 0, fmt.Errorf("HTTP status %d: it leads elsewhere, which is not followed", s)
	default:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After")) // a date, or none, is no wait
		return s == http.StatusTooManyRequests || s == http.StatusRequestTimeout || s >= 500, time.Duration(max(0, min(seconds, 3600))) * time.Second,
			fmt.Errorf("HTTP status %d", s)
	}
}
