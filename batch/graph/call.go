package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// result is what was read of an answer: replies or an error, not both.
type result struct {
	replies []batch.Reply
	err     error
}

// maxBody is far above what 20 answers need.
const maxBody = 16 << 20

// readBatch takes the answer to a batch apart and closes it.
func (c *Client) readBatch(resp *http.Response, sent []request) result {
	body, m, err := c.readAnswer(resp)
	if err != nil {
		return result{err: err}
	}
	replies, err := decode(body, sent, m)
	if err != nil {
		return result{err: m.unreadable(err)}
	}
	if slices.ContainsFunc(replies, func(r batch.Reply) bool { return r.Status == http.StatusUnauthorized }) {
		c.auth.dropToken(bearer(resp.Request), "", "")
	}
	unrepeat(bearer(resp.Request), replies, nil)
	return result{replies: replies}
}

// readAnswer reads the whole of an answer and closes it. One that is no 2xx, or breaks off, is a
// *batch.CallError.
func (c *Client) readAnswer(resp *http.Response) ([]byte, meta, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	m := metaOf(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if resp.StatusCode == http.StatusServiceUnavailable {
			// "Back off and use a new connection": Microsoft Graph best practices.
			c.leaveConnections()
		}
		refused := m.callError(resp, body)
		if resp.StatusCode == http.StatusUnauthorized {
			c.auth.noteAnswer(refused)
		}
		return nil, m, refused
	}
	if err != nil {
		return nil, m, m.unreadable(err)
	}
	if title, page := webPage(resp, body); page {
		err := pageBetween(resp.Request.URL.Host, title)
		if !c.everAnswered.Load() {
			err = fmt.Errorf("%w: %w", batch.ErrNotGraph, err)
		}
		return nil, m, &batch.CallError{RequestID: m.requestID, Err: err}
	}
	c.everAnswered.Store(true)
	c.auth.noteAnswer(nil)
	return body, m, nil
}

// meta is what the answer says of the call as a whole.
type meta struct {
	requestID  string
	date       time.Time
	retryAfter time.Duration
	throttle
}

// throttle is what Graph may say about a limit in headers of its own
// (Microsoft Graph documentation, throttling guidance).
type throttle struct {
	scope, info string
	percent     float64
}

// throttleOf reads the values of x-ms-throttle-scope, x-ms-throttle-information and
// x-ms-throttle-limit-percentage, of a call or of an item; "" is none.
func throttleOf(scope, info, percent string) throttle {
	t := throttle{scope: scope, info: info}
	if p, err := strconv.ParseFloat(percent, 64); err == nil && p > 0 && p < 100 {
		t.percent = p
	}
	return t
}

func metaOf(resp *http.Response) meta {
	h := resp.Header
	m := meta{
		requestID: h.Get("request-id"),
		throttle:  throttleOf(h.Get("x-ms-throttle-scope"), h.Get("x-ms-throttle-information"), h.Get("x-ms-throttle-limit-percentage")),
	}
	if d, err := http.ParseTime(h.Get("Date")); err == nil {
		m.date = d
	}
	m.retryAfter = retryAfter(h.Get("Retry-After"), m.date)
	return m
}

func (m meta) callError(resp *http.Response, body []byte) *batch.CallError {
	status := resp.StatusCode
	e := &batch.CallError{
		Status: status, RequestID: m.requestID, RetryAfter: m.retryAfter, Date: m.date,
		Scope: m.scope, Info: m.info, Percent: m.percent,
		Err: fmt.Errorf("HTTP %d", status),
	}
	if e.Code, e.Message = errorOf(body); e.Code+e.Message == "" {
		e.Code, e.Message = challengeError(resp.Header.Get(challengeHeader))
	}
	if title, page := webPage(resp, body); page && e.Code+e.Message == "" { // of a gateway
		e.Err = fmt.Errorf("HTTP %d, a web page, title %q", status, title)
	}
	if to, err := resp.Location(); err == nil && status >= 300 && status < 400 {
		e.Err = fmt.Errorf("HTTP %d, which leads to %s: a proxy or sign-in page stands between", status, to.Host)
	}
	unrepeat(bearer(resp.Request), nil, e)
	return e
}

// unreadable is the error of an answer that is no use.
func (m meta) unreadable(err error) error {
	return &batch.CallError{RequestID: m.requestID, Err: fmt.Errorf("%w: %w", batch.ErrUnreadable, err)}
}

// unsendable is the error of a call that would have been wrong to make.
func unsendable(err error) error {
	return &batch.CallError{Err: fmt.Errorf("%w: %w", batch.ErrUnsendable, err)}
}

// unanswered sorts the errors of a call that brought no answer.
func (c *Client) unanswered(err error) error {
	if errors.Is(err, batch.ErrSignIn) || errors.Is(err, batch.ErrNotSent) { // by Auth
		return err
	}
	err = byProxy(c.host, err)
	if bad := barred(c.host, err); bad != nil { // found out before anything was written
		err = fmt.Errorf("%w: %w", batch.ErrNotSent, bad)
		switch {
		case c.everAnswered.Load():
		case isA[*batch.ProxyError](bad):
			err = fromTheFirst(bad)
		default:
			err = fmt.Errorf("%w: %w", batch.ErrNotGraph, err)
		}
	}
	if _, ok := errors.AsType[*stayed](err); ok {
		err = fmt.Errorf("%w: %w", batch.ErrNotSent, err)
	}
	return &batch.CallError{Err: err}
}

// errorOf reads Graph's error: a code, which some services write as a number, and
// a message. Older services give a text in place of the object.
func errorOf(body []byte) (code, message string) {
	var b struct {
		Error json.RawMessage `json:"error"`
		Words json.RawMessage `json:"error_description"`
	}
	if json.Unmarshal(body, &b) != nil {
		return "", ""
	}
	var e struct {
		Code    json.RawMessage `json:"code"`
		Message json.RawMessage `json:"message"`
	}
	if json.Unmarshal(b.Error, &e) != nil {
		return text(b.Error), text(b.Words)
	}
	return text(e.Code), text(e.Message)
}

// text is a JSON string's content, or a bare value as written; "" of none and of null.
func text(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// retryAfter reads seconds, whole or decimal (both are on record in batched
// replies), or an HTTP date, which is held against the server's own Date. It gives
// batch.LongestRetryAfter for whatever is longer.
func retryAfter(s string, date time.Time) time.Duration {
	if s = strings.TrimSpace(s); s == "" {
		return 0
	}
	if secs, err := strconv.ParseFloat(s, 64); err == nil {
		if math.IsNaN(secs) || secs < 0 {
			return 0
		}
		return time.Duration(math.Ceil(min(secs, batch.LongestRetryAfter.Seconds())*1000)) * time.Millisecond
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	if date.IsZero() {
		date = time.Now()
	}
	return min(batch.LongestRetryAfter, max(0, at.Sub(date)))
}

// withHandler asks the SDK to hand over the response as it is. The SDK wants a
// parsed answer back, and gets an empty one.
func withHandler(ctx context.Context, read func(*http.Response)) context.Context {
	opt := abstractions.NewRequestHandlerOption()
	opt.SetResponseHandler(func(response any, _ abstractions.ErrorMappings) (any, error) {
		read(response.(*http.Response)) // kiota-http-go passes nothing else
		return core.NewBatchResponse(), nil
	})
	return context.WithValue(ctx, abstractions.ResponseHandlerOptionKey, opt)
}
