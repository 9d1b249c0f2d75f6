package planfile

import (
	"encoding/json"
	"strings"

	"offboard/batch"
)

// This file is the format. Each function goes over one line, in the direction
// of the coder.

// version is the format's. A change of anything that is written is a new one.
const version = 1

const (
	magic     = `{"offboard_plan":`
	rowsLine  = `"rows":[`
	skipsLine = `"skips":[`
	signLine  = `"approvals":[`
	listEnd   = `],`
	fileEnd   = `]}`
)

func (c *coder) plan(p *batch.Plan) {
	c.literal(`"plan":`)
	c.braces(func() {
		c.time("created", &p.Created)
		text(c, "version", &p.Version)
		text(c, "input", &p.Input)
		text(c, "input_sha256", &p.Digest)
		text(c, "tenant", &p.Tenant)
		text(c, "app", &p.App)
		text(c, "cloud", &p.Cloud)
		text(c, "action", &p.Action)
		c.flag("resolve", &p.Resolve)
		c.flag("verify", &p.Verify)
		c.number("lines", &p.Lines)
		c.number("rows", &p.Rows)
		c.number("users", &p.Users)
		c.object("accounts", func() {
			c.number("external", &p.Accounts.External)
			c.number("synced", &p.Accounts.Synced)
			c.number("enabled", &p.Accounts.Enabled)
			c.number("privileged", &p.Accounts.Privileged)
		})
		text(c, "choice", &p.Choice)
		c.flag("in_order", &p.InOrder)
		c.terms(&p.Terms)
		list(c, "columns", &p.Columns, c.value)
		list(c, "settings", &p.Settings, func(s *batch.Setting) {
			c.braces(func() {
				text(c, "name", &s.Name)
				text(c, "value", &s.Value)
				text(c, "why", &s.Why)
			})
		})
	})
	c.literal(",")
}

// terms are one text that holds JSON, in the one spelling that encoding/json has.
func (c *coder) terms(t *batch.Terms) {
	spelling := func() string {
		b, _ := json.Marshal(t) // it holds nothing that JSON does not have
		return strings.TrimPrefix(string(b), "{}")
	}
	s := spelling()
	text(c, "terms", &s)
	if c.reading && s != "" {
		in := json.NewDecoder(strings.NewReader(s))
		in.DisallowUnknownFields()
		if err := in.Decode(t); err != nil || spelling() != s {
			c.fail("terms of a plan")
		}
	}
}

func (c *coder) options(v *[]Option) {
	c.literal(`"options":`)
	brackets(c, v, func(o *Option) {
		c.braces(func() {
			text(c, "name", &o.Name)
			text(c, "value", &o.Value)
		})
	})
	c.literal(",")
}

func (c *coder) guards(v *[]Guard) {
	c.literal(`"guards":`)
	brackets(c, v, func(g *Guard) {
		c.braces(func() {
			text(c, "name", &g.Name)
			text(c, "limit", &g.Limit)
			text(c, "counted", &g.Counted)
			text(c, "refusal", &g.Refusal)
		})
	})
	c.literal(",")
}

// row is one row. The user of a row that names one again stands in the row that
// "same" points at, and nowhere else.
func (c *coder) row(p *batch.Planned) {
	c.braces(func() {
		r := &p.Row
		c.number("seq", &p.User.Seq)
		c.number("line", &r.Line)
		text(c, "input", &r.Input)
		text(c, "id", &r.ID)
		text(c, "upn", &r.UPN)
		text(c, "by", &r.By)
		text(c, "value", &r.Value)
		list(c, "cells", &r.Cells, c.value)
		c.number("same", &p.DuplicateOf)
		if p.DuplicateOf == 0 {
			c.object("user", func() { c.user(&p.User) })
		}
		if c.reading {
			rec := batch.Record{Seq: p.User.Seq}
			if c.object("record", func() { c.record(&rec) }) {
				p.Record = &rec
			}
		} else if p.Record != nil {
			c.object("record", func() { c.record(p.Record) })
		}
	})
}

func (c *coder) user(u *batch.User) {
	text(c, "id", &u.ID)
	text(c, "upn", &u.UPN)
	text(c, "by", &u.By)
	text(c, "value", &u.Value)
	text(c, "type", &u.Type)
	c.flag("enabled", &u.Enabled)
	c.flag("synced", &u.Synced)
	c.flag("privileged", &u.Privileged)
	c.time("before", &u.Stamp)
}

// record has no times of calls that revoke: there were none (see tally).
func (c *coder) record(r *batch.Record) {
	text(c, "outcome", &r.Outcome)
	c.number("status", &r.Status)
	text(c, "code", &r.Code)
	text(c, "message", &r.Message)
	c.number("attempts", &r.Attempts)
	c.number("throttles", &r.Throttles)
	c.time("settled_at", &r.SettledAt)
	c.time("after", &r.After)
	text(c, "request_id", &r.RequestID)
	text(c, "reason", &r.Reason)
}

func (c *coder) skip(s *batch.Skip) {
	c.braces(func() {
		c.number("line", &s.Line)
		text(c, "reason", &s.Reason)
	})
}

// digest is the line that ends what is digested.
func (c *coder) digest(hex *string) {
	c.literal(`"sha256":`)
	c.value(hex)
	c.literal(",")
}

func (c *coder) approval(a *Approval) {
	c.braces(func() {
		id := a.KeyID()
		text(c, "key_id", &id)
		c.bytes("public_key", (*[]byte)(&a.Key))
		text(c, "name", &a.Name)
		c.time("time", &a.Time)
		c.bytes("signature", &a.Signature)
	})
}
