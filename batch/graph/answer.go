package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
)

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

// hear takes one header, of the call or of an item.
func (t *throttle) hear(name, value string) {
	switch strings.ToLower(name) {
	case "x-ms-throttle-scope":
		t.scope = value
	case "x-ms-throttle-information":
		t.info = value
	case "x-ms-throttle-limit-percentage":
		if p, err := strconv.ParseFloat(value, 64); err == nil && p > 0 && p < 100 {
			t.percent = p
		}
	}
}

func metaOf(resp *http.Response) meta {
	m := meta{requestID: resp.Header.Get("request-id")}
	for name := range resp.Header {
		m.hear(name, resp.Header.Get(name))
	}
	if d, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		m.date = d
	}
	m.retryAfter = retryAfter(resp.Header.Get("Retry-After"), m.date)
	return m
}

func (m meta) callError(resp *http.Response, body []byte) *batch.CallError {
	status := resp.StatusCode
	e := &batch.CallError{
		Status: status, RequestID: m.requestID, RetryAfter: m.retryAfter, Date: m.date,
		Scope: m.scope, Info: m.info, Percent: m.percent,
		Err: fmt.Errorf("HTTP %d", status),
	}
	if e.Code, e.Message = refusal(body); e.Code+e.Message == "" {
		e.Code, e.Message = refusedToken(resp.Header.Get(challengeHeader))
	}
	if title, page := webPage(resp, body); page && e.Code+e.Message == "" { // of a gateway
		e.Err = fmt.Errorf("HTTP %d, a web page, title %q", status, title)
	}
	if to, err := resp.Location(); err == nil && status >= 300 && status < 400 {
		e.Err = fmt.Errorf("HTTP %d, which leads to %s: a proxy or sign-in page stands between", status, to.Host)
	}
	return e
}

// refusal reads Graph's error: a code, which some services write as a number, and
// a message. Older services give a text in place of the object.
func refusal(body []byte) (code, message string) {
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

// itemBody is a user.
type itemBody struct {
	ID      string          `json:"id"`
	UPN     string          `json:"userPrincipalName"`
	Type    string          `json:"userType"`
	Enabled bool            `json:"accountEnabled"`
	Synced  bool            `json:"onPremisesSyncEnabled"`
	Stamp   time.Time       `json:"signInSessionsValidFromDateTime"`
	Refresh time.Time       `json:"refreshTokensValidFromDateTime"`
	State   json.RawMessage `json:"externalUserState"` // nil when the answer left it out
	Created json.RawMessage `json:"creationType"`

	Mail          string `json:"mail"`
	EmployeeID    string `json:"employeeId"`
	OnPremisesUPN string `json:"onPremisesUserPrincipalName"`
}

// user is what the answer says of a user; in beta with the later one of both
// stamps. The later one shows that its property moved, whichever was the later one
// before, so that one time before and one after are enough to keep. What v1.0 says
// of a property that it does not have is not believed.
func (b itemBody) user(id string, beta bool) batch.User {
	u := batch.User{
		ID: id, UPN: b.UPN, Type: b.kind(), Enabled: b.Enabled, Synced: b.Synced, Stamp: b.Stamp,
		Mail: b.Mail, EmployeeID: b.EmployeeID, OnPremisesUPN: b.OnPremisesUPN,
	}
	switch {
	case !beta:
	case b.Refresh.After(b.Stamp):
		u.Stamp, u.StampOf = b.Refresh, refreshStamp
	case b.Refresh.Equal(b.Stamp):
		u.StampOf = refreshStamp + " and " + signInStamp
	default:
		u.StampOf = signInStamp
	}
	return u
}

// kind is the type of the account. A guest who was not invited signs in here,
// as a member does, and a member who was invited does not (Microsoft Entra
// documentation, properties of a B2B collaboration user). When the answer leaves
// out how a guest came to be, the guest counts as invited: the stricter reading.
func (b itemBody) kind() string {
	created := text(b.Created)
	invited := text(b.State) != "" || created == "Invitation" || created == "SelfServiceSignUp" ||
		strings.Contains(strings.ToUpper(b.UPN), "#EXT#")
	switch {
	case b.Type == batch.Guest && !invited && b.State != nil && b.Created != nil:
		return batch.InternalGuest
	case b.Type != batch.Guest && invited:
		return batch.ExternalMember
	}
	return b.Type
}

// value is the property that the user was looked up by.
func (b itemBody) value(by batch.Key) string {
	switch by {
	case batch.ByMail:
		return b.Mail
	case batch.ByEmployeeID:
		return b.EmployeeID
	}
	return b.OnPremisesUPN
}

// want is what is read of the 2xx answer for one user; the zero value is
// nothing.
type want struct {
	user bool      // the user
	hits batch.Key // everybody whom a lookup by this property found; "" for none
	beta bool      // with both stamps
}

// item is read piece by piece, so that one odd piece spoils no other.
type item struct {
	ID      json.RawMessage            `json:"id"`
	Status  json.RawMessage            `json:"status"`
	Headers map[string]json.RawMessage `json:"headers"`
	Body    json.RawMessage            `json:"body"`
}

// decode gives one reply for each user of a call, in order. Items are
// matched by id only, since Graph answers in any order. A user whose item is
// missing, unreadable, or answered twice with different statuses, users or hits has a
// reply with Status 0; items that were not asked for are ignored. A body that is not
// whole is an error: nothing in it is believed.
func decode(body []byte, wants []want, m meta) ([]batch.Reply, error) {
	var envelope struct {
		Responses *[]json.RawMessage `json:"responses"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, fmt.Errorf("read batch answer: %w", err)
	}
	if envelope.Responses == nil {
		return nil, errors.New("read batch answer: it has no responses")
	}
	n := len(wants)
	replies := make([]batch.Reply, n)
	times := make([]int, n)
	for _, raw := range *envelope.Responses {
		var it item
		if json.Unmarshal(raw, &it) != nil {
			continue
		}
		i, err := strconv.Atoi(text(it.ID))
		if err != nil || i < 1 || i > n || text(it.ID) != strconv.Itoa(i) {
			continue
		}
		r := it.reply(m, i, wants[i-1])
		before := replies[i-1]
		if times[i-1]++; times[i-1] > 1 && (before.Status != r.Status || !slices.Equal(before.Hits, r.Hits) || !sameUser(before.User, r.User)) {
			r = batch.Reply{Message: "answered twice, and not alike", RequestID: r.RequestID, Date: r.Date}
		}
		replies[i-1] = r
	}
	return replies, nil
}

// sameUser reports whether two answers say the same of a user, or both nothing.
func sameUser(a, b *batch.User) bool { return a == b || a != nil && b != nil && *a == *b }

// reply reads one item.
func (it item) reply(m meta, i int, w want) batch.Reply {
	r := batch.Reply{Date: m.date, RequestID: fmt.Sprintf("%s/%d", m.requestID, i)}
	status, err := strconv.Atoi(string(it.Status))
	if err != nil || status < 100 || status > 599 {
		r.Message = "the answer for this user has no status"
		return r
	}
	r.Status = status
	said := throttle{percent: m.percent}
	for name, v := range it.Headers {
		if strings.EqualFold(name, "retry-after") {
			r.RetryAfter = retryAfter(text(v), m.date)
		}
		said.hear(name, text(v))
	}
	r.Scope, r.Info, r.Percent = said.scope, said.info, said.percent
	if status < 200 || status > 299 {
		if r.Code, r.Message = refusal(it.Body); r.Code+r.Message == "" && status < 400 {
			r.Message = it.leads()
		}
		return r
	}
	return it.found(r, w)
}

// leads names the host that a redirect leads to, or is "".
func (it item) leads() string {
	for name, v := range it.Headers {
		if to, err := url.Parse(text(v)); strings.EqualFold(name, "location") && err == nil {
			return "it leads to " + to.Host + ": a proxy or sign-in page stands between"
		}
	}
	return ""
}

// found adds what is wanted of a 2xx body to the reply. That of a write holds a
// boolean that carries no information, so that {"value":false} is a success, too
// (Microsoft Graph known issues: it is always true, and any 2xx is to be taken as
// success; microsoft-graph-docs#5359). A body with an error is no success, and
// none that cannot be believed is an answer: an empty list of hits has a meaning.
func (it item) found(r batch.Reply, w want) batch.Reply {
	switch {
	case it.holdsError():
		said := fmt.Sprintf("the answer says HTTP %d and holds an error", r.Status)
		if code, message := refusal(it.Body); code+message != "" {
			said += ": " + strings.TrimSpace(code+" "+message)
		}
		r.Status, r.Message = 0, said
	case w.hits != "":
		var err error
		if r.Hits, err = hits(it.Body, w.hits, w.beta); err != nil {
			r.Status, r.Message = 0, err.Error()
		}
	case w.user:
		if u, err := it.user(w.beta); err != nil {
			r.Status, r.Message = 0, err.Error()
		} else {
			r.User = &u
		}
	}
	return r
}

// user reads the user whom a lookup found.
func (it item) user(beta bool) (batch.User, error) {
	if len(it.Body) == 0 {
		return batch.User{}, errors.New("the answer for this user has no body")
	}
	var b itemBody
	if err := json.Unmarshal(it.Body, &b); err != nil {
		return batch.User{}, fmt.Errorf("the answer for this user cannot be read: %w", err)
	}
	id, err := idOf(b.ID)
	if err != nil {
		return batch.User{}, fmt.Errorf("the answer for this user has %w", err)
	}
	return b.user(id, beta), nil
}

// holdsError reports whether the body is that of a refusal.
func (it item) holdsError() bool {
	var b struct {
		Error json.RawMessage `json:"error"`
	}
	return json.Unmarshal(it.Body, &b) == nil && len(b.Error) > 0 && string(b.Error) != "null"
}

// text is a JSON string's content, or a bare value as written.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// retryAfter reads seconds, whole or decimal (both are on record in batched
// replies), or an HTTP date, which is held against the server's own Date. It gives
// batch.LongestRetryAfter for whatever is longer.
func retryAfter(s string, date time.Time) time.Duration {
	s = strings.TrimSpace(s)
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
