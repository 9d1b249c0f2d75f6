package notify

import (
	"encoding/json"
	"fmt"
	"strings"

	"offboard/batch"
)

// Format is what an address takes.
type Format string

// The formats. The words are those of the flag --notify-format.
const (
	Auto  Format = "auto"
	JSON  Format = "json"  // a [Notice]
	Teams Format = "teams" // a message with an adaptive card, as the webhooks of Teams' Workflows take it
	Slack Format = "slack" // a text, as Slack's incoming webhooks take it
)

// hosts are those of webhooks, and of what lies below them.
var hosts = map[string]Format{
	"hooks.slack.com":       Slack,
	"hooks.slack-gov.com":   Slack,
	"logic.azure.com":       Teams, // Power Automate, which runs the workflow
	"logic.azure.us":        Teams,
	"api.powerplatform.com": Teams,
	"api.powerplatform.us":  Teams,
	"api.powerautomate.com": Teams,
	"flow.microsoft.com":    Teams,
	"webhook.office.com":    Teams,
}

func formatOf(host string) Format {
	for known, f := range hosts {
		if host == known || strings.HasSuffix(host, "."+known) {
			return f
		}
	}
	return JSON
}

// Notice is what is told of the end of a run. It names nobody.
type Notice struct {
	Event   string                `json:"event"`   // "finished"
	Command string                `json:"command"` // run, apply, resume, undo or campaign
	Run     *string               `json:"run"`     // or the campaign; null when none was planned
	DryRun  bool                  `json:"dry_run"`
	Exit    int                   `json:"exit"`
	Meaning string                `json:"meaning"` // of the exit code
	Counts  map[batch.Outcome]int `json:"counts"`  // rows by outcome, each of them; null when nobody was counted
	Success *int                  `json:"success"`
	Neutral *int                  `json:"neutral"`
	Failure *int                  `json:"failure"`

	Contained *Contained `json:"contained"` // null of a run that only ends sessions
	Tenants   *Tenants   `json:"tenants"`   // null of a run
}

// Tenants is how many tenants of a campaign ended well.
type Tenants struct {
	Well int `json:"well"`
	Of   int `json:"of"`
}

// Contained is how many of the users of a run the directory shows contained.
type Contained struct {
	Users int `json:"users"`
	Of    int `json:"of"`
}

// headline is one line for people.
func (n Notice) headline() string {
	what := "offboard " + n.Command
	if n.DryRun {
		what += " (dry run)"
	}
	if n.Run != nil {
		what += " " + *n.Run
	}
	return fmt.Sprintf("%s: exit code %d, %s", what, n.Exit, n.Meaning)
}

// tally tells the counts that are not zero, in the order of the outcomes; "" when nobody
// was counted.
func (n Notice) tally() string {
	if n.Counts == nil {
		return ""
	}
	if of := batch.Tally(n.Counts); of != "" {
		return "rows: " + of
	}
	return "no rows"
}

// body is the notice in a format.
func (n Notice) body(f Format) ([]byte, error) {
	lines := []string{n.headline()}
	if tally := n.tally(); tally != "" {
		lines = append(lines, tally)
	}
	if c := n.Contained; c != nil {
		lines = append(lines, fmt.Sprintf("contained: %s of %s", batch.Thousands(c.Users), batch.Plural(c.Of, "user")))
	}
	if t := n.Tenants; t != nil {
		lines = append(lines, fmt.Sprintf("%s of %s ended well", batch.Thousands(t.Well), batch.Plural(t.Of, "tenant")))
	}
	switch f {
	case Slack:
		return json.Marshal(map[string]string{"text": strings.Join(lines, "\n")})
	case Teams:
		type block map[string]any
		var blocks []block
		for i, line := range lines {
			b := block{"type": "TextBlock", "text": line, "wrap": true}
			if i == 0 {
				b["weight"] = "bolder"
			}
			blocks = append(blocks, b)
		}
		return json.Marshal(map[string]any{"type": "message", "attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"contentUrl":  nil,
			"content": map[string]any{
				"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": blocks,
			},
		}}})
	}
	return json.Marshal(n)
}
