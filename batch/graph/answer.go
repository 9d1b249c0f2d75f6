package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"offboard/batch"
)

// replyItem is the reply to one item of a batch. What a field holds is read later, so that
// one odd piece spoils no other.
type replyItem struct {
	ID      json.RawMessage `json:"id"`
	Status  json.RawMessage `json:"status"`
	Headers itemHeaders     `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

// itemHeaders are the headers that are read. encoding/json finds their names in any case.
type itemHeaders struct {
	RetryAfter json.RawMessage `json:"retry-after"`
	Location   json.RawMessage `json:"location"`
	Scope      json.RawMessage `json:"x-ms-throttle-scope"`
	Info       json.RawMessage `json:"x-ms-throttle-information"`
	Percent    json.RawMessage `json:"x-ms-throttle-limit-percentage"`
}

// decode gives one reply for each item of a call, in order. Items are
// matched by id only, since Graph answers in any order. An item that is
// missing, unreadable, or answered twice and not alike has a reply with Status 0; items
// that were not asked for are ignored. A body that is not whole is an error: nothing in
// it is believed.
func decode(body []byte, sent []request, m meta) ([]batch.Reply, error) {
	var envelope struct {
		Responses []replyItem `json:"responses"`
	}
	err := json.Unmarshal(body, &envelope) // checks the whole body before it reads any of it
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !odd {
		return nil, fmt.Errorf("read batch answer: %w", err)
	}
	if envelope.Responses == nil {
		return nil, errors.New("read batch answer: it has no responses")
	}
	n := len(sent)
	replies := make([]batch.Reply, n)
	times := make([]int, n)
	for _, it := range envelope.Responses { // of one that is odd, what could be read
		id := text(it.ID)
		i, err := strconv.Atoi(id)
		if err != nil || i < 1 || i > n || id != strconv.Itoa(i) {
			continue
		}
		r := it.reply(m, i, sent[i-1])
		if times[i-1]++; times[i-1] > 1 && !reflect.DeepEqual(said(replies[i-1]), said(r)) {
			r = batch.Reply{Message: "answered twice, and not alike", RequestID: r.RequestID, Date: r.Date}
		}
		replies[i-1] = r
	}
	return replies, nil
}

// said is what two answers to one item must have alike.
func said(r batch.Reply) batch.Reply {
	return batch.Reply{Status: r.Status, User: r.User, Shown: r.Shown, Targets: r.Targets, More: r.More, Hits: r.Hits}
}

// reply reads one item.
func (it replyItem) reply(m meta, i int, q request) batch.Reply {
	r := batch.Reply{Date: m.date, RequestID: m.requestID + "/" + strconv.Itoa(i)}
	status, err := strconv.Atoi(string(it.Status))
	if err != nil || status < 100 || status > 599 {
		r.Message = "the answer for this user has no status"
		return r
	}
	r.Status = status
	said := throttleOf(text(it.Headers.Scope), text(it.Headers.Info), text(it.Headers.Percent))
	r.Scope, r.Info, r.Percent = said.scope, said.info, cmp.Or(said.percent, m.percent)
	r.RetryAfter = retryAfter(text(it.Headers.RetryAfter), m.date)
	if status < 200 || status > 299 {
		if r.Code, r.Message = errorOf(it.Body); r.Code+r.Message == "" && status < 400 {
			r.Message = it.leads()
		}
		if status == http.StatusNotFound && r.Code == "Request_ResourceNotFound" && q.absent != nil {
			r.Status, r.Code, r.Message, r.Shown = http.StatusOK, "", "", q.absent
		}
		return r
	}
	return it.found(r, q)
}

// leads names the host that a redirect leads to, or is "".
func (it replyItem) leads() string {
	to, err := url.Parse(text(it.Headers.Location))
	if err != nil || len(it.Headers.Location) == 0 {
		return ""
	}
	return "it leads to " + to.Host + ": a proxy or sign-in page stands between"
}

// found adds what is expected of a 2xx body to the reply. The body of a write holds a
// boolean that carries no information, so that {"value":false} is a success, too
// (Microsoft Graph known issues: it is always true, and any 2xx is to be taken as
// success; microsoft-graph-docs#5359). A body with an error is no success. A body that
// cannot be believed has Status 0 and not an empty list of hits, which would mean that
// there is no such user.
func (it replyItem) found(r batch.Reply, q request) batch.Reply {
	switch {
	case it.holdsError():
		said := fmt.Sprintf("the answer says HTTP %d and holds an error", r.Status)
		if code, message := errorOf(it.Body); code+message != "" {
			said += ": " + strings.TrimSpace(code+" "+message)
		}
		r.Status, r.Message = 0, said
	case q.read == nil && len(it.Body) > 0 && it.Body[0] != '{' && string(it.Body) != "null":
		r.Status, r.Message = 0, fmt.Sprintf("the answer says HTTP %d and holds what Graph does not say: %.60s", r.Status, it.Body)
	case q.read == nil:
	case len(it.Body) == 0:
		r.Status, r.Message = 0, "the answer for this user has no body"
	default:
		whole := r
		if err := q.read(it.Body, &whole); err != nil {
			r.Status, r.Message = 0, err.Error()
			return r
		}
		return whole
	}
	return r
}

// holdsError reports whether the body is that of a refusal.
func (it replyItem) holdsError() bool {
	var b struct {
		Error json.RawMessage `json:"error"`
	}
	return json.Unmarshal(it.Body, &b) == nil && len(b.Error) > 0 && string(b.Error) != "null"
}
