package graphsim

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// FaultKind is a misfortune that the tenant can be told to suffer. The list is
// closed. Kinds of a call strike all of its items at once; the others strike a
// single item of a batch, or a call made directly where that makes sense.
type FaultKind string

// Faults of a whole call.
const (
	LostAnswer FaultKind = "LostAnswer" // executed; the connection drops before any answer
	DropBefore FaultKind = "DropBefore" // the connection drops, nothing was executed
	Truncated  FaultKind = "Truncated"  // executed; status 200, then the JSON breaks off with the connection
	HTML503    FaultKind = "HTML503"    // a gateway's 503 with an HTML page, with or without Retry-After
	Outer429   FaultKind = "Outer429"   // the call itself is throttled, with Retry-After
	Expired401 FaultKind = "Expired401" // 401 although the token was valid; the token is then dead for good
)

// Faults of one item that Graph did not execute.
const (
	Item429     FaultKind = "Item429"     // throttled out of turn, Retry-After with decimals
	Item401     FaultKind = "Item401"     // the token is refused for this item only, and stays valid
	Item500     FaultKind = "Item500"     // Service_InternalServerError
	Item503     FaultKind = "Item503"     // unavailable, with or without Retry-After
	Conflict409 FaultKind = "Conflict409" // Directory_ConcurrencyViolation, which is transient
)

// Faults of one item that was executed, or may have been.
const (
	BadGateway502Item FaultKind = "BadGateway502Item" // 502; executed half of the time, and the log knows
	Item504           FaultKind = "Item504"           // 504, executed
)

// Faults of the reply to an item that was treated as usual. Batches only.
const (
	MissingItem   FaultKind = "MissingItem"   // the item's reply is left out
	NullBody      FaultKind = "NullBody"      // a success with body null and no headers
	DuplicateItem FaultKind = "DuplicateItem" // the item is answered twice, with the same status
	ForeignItem   FaultKind = "ForeignItem"   // a success for an id that nobody asked for stands beside it
	NumericHeader FaultKind = "NumericHeader" // a header's value is a JSON number
	MixedUp       FaultKind = "MixedUp"       // a read is answered with what another read of the call asked for, and that one with this
)

// FaultKinds lists every kind.
func FaultKinds() []FaultKind {
	return []FaultKind{
		LostAnswer, DropBefore, Truncated, HTML503, Outer429, Expired401,
		Item429, Item401, Item500, Item503, Conflict409, BadGateway502Item, Item504,
		MissingItem, NullBody, DuplicateItem, ForeignItem, NumericHeader, MixedUp,
	}
}

// Fault says when a kind strikes. All conditions must hold; the zero value of
// each sets none, so that Fault{Kind: k} strikes always.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Rate  float64   `json:"rate,omitempty"`  // chance, drawn once per call or once per item; 0 means 1
	From  int       `json:"from,omitempty"`  // first call, counted from 1 over all calls to Graph
	To    int       `json:"to,omitempty"`    // last call
	Times int       `json:"times,omitempty"` // how often at most
	Match string    `json:"match,omitempty"` // only this user: id, UPN, or key as sent
	Only  string    `json:"only,omitempty"`  // "write" or "read"; a call is a write when any item is
}

// Rate is every kind at the same rate, for soak tests; nil when r is 0. MixedUp
// is left out: an empty list of hits does not show which user it is about, and no
// client can tell it from the truth.
func Rate(r float64) []Fault {
	if r <= 0 {
		return nil
	}
	var faults []Fault
	for _, kind := range FaultKinds() {
		if kind != MixedUp {
			faults = append(faults, Fault{Kind: kind, Rate: r})
		}
	}
	return faults
}

func (f Fault) validate() error {
	switch {
	case !slices.Contains(FaultKinds(), f.Kind):
		return fmt.Errorf("kind %q is unknown; use one of %s", f.Kind, kindList())
	case math.IsNaN(f.Rate) || f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("rate %v is outside of 0 to 1", f.Rate)
	case f.From < 0 || f.To < 0 || f.Times < 0:
		return fmt.Errorf("from, to and times cannot be negative")
	case f.To > 0 && f.To < f.From:
		return fmt.Errorf("to=%d lies before from=%d; swap them", f.To, f.From)
	case f.Only != "" && f.Only != "write" && f.Only != "read":
		return fmt.Errorf("only=%q is unknown; use write or read", f.Only)
	}
	return nil
}

func kindList() string {
	var names []string
	for _, k := range FaultKinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func (k FaultKind) ofCall() bool {
	switch k {
	case LostAnswer, DropBefore, Truncated, HTML503, Outer429, Expired401:
		return true
	}
	return false
}

func (k FaultKind) ofBatch() bool {
	switch k {
	case MissingItem, NullBody, DuplicateItem, ForeignItem, NumericHeader, MixedUp:
		return true
	}
	return false
}
