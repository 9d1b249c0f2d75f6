package main

import (
	"bytes"
	"fmt"

	"offboard/batch"
)

// The questions of a campaign: one for all tenants before the first write, and those of single tenants one
// at a time.

// begin waits until every tenant is planned, or has ended, and for the one answer to all: nothing
// is written anywhere before. Meanwhile another tenant may be planned.
func (m *member) begin(string) error {
	c := m.all
	plan := m.facts.about()
	c.mu.Lock()
	c.plans.tenants++
	c.plans.users += plan.Users
	c.plans.writes += plan.Writes
	c.ready = append(c.ready, fmt.Sprintf("%s (%s)", m.of.Name, batch.Thousands(plan.Users)))
	c.askWhenReady()
	c.mu.Unlock()
	<-c.slots
	<-c.answer // which comes at a stop, too
	c.slots <- struct{}{}
	return c.no
}

// left is told when a tenant has ended, and how.
func (c *campaign) left(code exitCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.going--; code != exitDone && code != exitPartial {
		c.failed++
	}
	if n := len(c.ready); n > 0 {
		c.askWhenReady()
	}
}

// askWhenReady asks once all tenants that have not ended wait for the answer. The caller holds mu.
func (c *campaign) askWhenReady() {
	if len(c.ready) < c.going {
		return
	}
	select {
	case <-c.answer: // it was given
		return
	default:
	}
	question := fmt.Sprintf("Carry out %s for %s, in %s: %s?", batch.Plural(c.plans.writes, "write"), batch.Plural(c.plans.users, "user"),
		batch.Plural(c.plans.tenants, "tenant"), batch.SomeOf(c.ready[:min(10, len(c.ready))], len(c.ready)))
	if c.failed > 0 {
		question = fmt.Sprintf("%s cannot be carried out, as is said above. ", batch.Plural(c.failed, "tenant")) + question
	}
	go func() {
		c.asking.Lock()
		defer c.asking.Unlock()
		c.no = c.Ask(question)
		close(c.answer)
	}()
}

// Ask implements [job.Console]: the questions of tenants come one at a time.
func (m *member) Ask(question string) error {
	m.all.asking.Lock()
	defer m.all.asking.Unlock()
	m.all.unsaid, m.unsaid = append(m.all.unsaid, m.unsaid...), nil
	return m.all.Ask(m.of.Name + ": " + question)
}

// Passphrase implements [job.Console]. A key that signs the reports of several tenants is asked for
// once.
func (m *member) Passphrase(prompt string) ([]byte, error) {
	c := m.all
	c.asking.Lock()
	defer c.asking.Unlock()
	if c.phrases[prompt] == nil {
		phrase, err := c.command.Passphrase(prompt)
		if err != nil {
			return nil, err
		}
		c.phrases[prompt] = phrase
	}
	return bytes.Clone(c.phrases[prompt]), nil
}
